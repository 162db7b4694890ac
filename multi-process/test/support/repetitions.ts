/** How often what may depend on chance is repeated. */
export function repetitions(usual: number, long: number): number {
  return process.env.TIERCEL_LONG === undefined ? usual : long
}
