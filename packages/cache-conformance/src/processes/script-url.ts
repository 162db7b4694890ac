/** A script of this folder in its present form: compiled, or the source under a TypeScript loader. */
export function scriptUrl(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
}
