/** To the cent: what binary fractions add is cut off. */
export function multiply(a: string, b: string): number {
  return Math.round(Number(a) * Number(b) * 100) / 100;
}
