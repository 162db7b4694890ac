/** How often a test that depends on chance is repeated. */
export function repetitions(usual: number, long: number): number {
  return process.env.TIERCEL_LONG === undefined ? usual : long
}
