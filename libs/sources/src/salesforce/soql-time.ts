/** A time as queries write it. Salesforce counts seconds there. */
export function toSoqlTime(timeMs: number): string {
  return new Date(Math.floor(timeMs / 1000) * 1000).toISOString();
}
