/** A script of this folder as it lies here: compiled, or a source under a TypeScript loader. */
export function scriptUrl(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
}
