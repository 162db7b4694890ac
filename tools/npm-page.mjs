// A package's page on npm: it shows the README where there is no repository around it, so every link must be whole, and
// it leads to the sources only where the manifest says where they are.

/** @typedef {Pick<import('./workspace.mjs').Manifest, 'homepage' | 'bugs' | 'repository'>} Sources  What npm makes its links of. */

/** A link or a picture, in Markdown or HTML. */
const LINK = /\]\(<?([^)>\s]+)|\b(?:href|src)="([^"]*)"|^\[[^\]]+\]:\s*<?(\S+?)>?$/gm
const CODE = /^```.*?^```$|`[^`\n]*`/gms

/**
 * What is wrong with the page, one sentence each.
 * @param {Sources & { name: string }} manifest
 * @param {string} folder  Of the package, relative to the root.
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
