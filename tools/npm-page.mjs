// A package's page on npm shows the README without a repository around it, so every link must be absolute. The page
// links to the sources only if the manifest says where they are.

/**
 * What npm makes its links from.
 * @typedef {Pick<import('./workspace.mjs').Manifest, 'homepage' | 'bugs' | 'repository'>} Sources
 */

/** A link or a picture, in Markdown or HTML. */
const LINK = /\]\(<?([^)>\s]+)|\b(?:href|src)="([^"]*)"|^\[[^\]]+\]:\s*<?(\S+?)>?$/gm
const CODE = /^```.*?^```$|`[^`\n]*`/gms

/**
 * The problems of the page, one sentence each.
 * @param {Sources & { name: string }} manifest
 * @param {string} folder  The package's, relative to the root.
 * @param {string} readme
 * @param {Sources} root  The manifest of the repository.
 * @returns {string[]}
 */
export function pageProblems(manifest, folder, readme, root) {
  const { name, repository, homepage, bugs } = manifest
  const url = root.repository?.url
  const site = url?.replace(/^git\+/, '').replace(/\.git$/, '')
  const links = [...readme.replaceAll(CODE, '').matchAll(LINK)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
  return [
    ...(repository?.type === 'git' && repository.url === url && repository.directory === folder
      ? []
      : [`${name}: \`repository\` must name ${url} and the directory ${folder}`]),
    ...(homepage === `${site}/tree/main/${folder}#readme` ? [] : [`${name}: \`homepage\` must lead to the README`]),
    ...(bugs === root.bugs ? [] : [`${name}: \`bugs\` must be ${root.bugs}`]),
    ...links
      .filter((link) => !/^(https:|mailto:|#)/.test(link))
      .map((link) => `${name}: its README links to ${link}, which leads nowhere on npm: write ${site}/blob/main/…`),
  ]
}
