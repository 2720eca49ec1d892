/** Sorted as ASCII sorts: ids rise as the core's numbers do, and keyset paging by `Id` works. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECK_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
/** Stands for the server that an org lives on. */
const INSTANCE = '8d0';
const NUMBER_LENGTH = 9;

/** The 18-character id of the core's one, which is a number: the prefix says the object. */
export function makeId(prefix: string, coreId: string): string {
  let rest = BigInt(coreId);
  let digits = '';
  for (let place = 0; place < NUMBER_LENGTH; place += 1) {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return addChecksum(`${prefix}${INSTANCE}${digits}`);
}

/** The way back; undefined: no id of ours. With 15 characters or 18, of which the last three must fit. */
export function readId(id: string): { prefix: string; coreId: string; id: string } | undefined {
  if (!isId(id)) return undefined;
  if (id.slice(3, 6) !== INSTANCE) return undefined;
  const number = [...id.slice(6, 15)].reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n);
  return { prefix: id.slice(0, 3), coreId: String(number), id: addChecksum(id.slice(0, 15)) };
}

/** Whether it has the form of one. */
export function isId(id: string): boolean {
  if (!/^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/.test(id)) return false;
  return id.length === 15 || addChecksum(id.slice(0, 15)) === id;
}

/** 15 characters, in which case counts, become 18, in which it does not. */
export function addChecksum(id15: string): string {
  const check = [0, 5, 10].map((start) => {
    const upper = [...id15.slice(start, start + 5)].map((digit, bit) => (/[A-Z]/.test(digit) ? 1 << bit : 0));
    return CHECK_DIGITS.charAt(upper.reduce((sum, value) => sum + value, 0));
  });
  return id15 + check.join('');
}
