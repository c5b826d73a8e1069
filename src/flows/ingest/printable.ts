const MAX_LENGTH = 500

/** Text that every database, log and terminal can take: cut, without control characters and halves of pairs. */
export function printable(text: string): string {
  const clean = text.slice(0, MAX_LENGTH + 1).replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')
  return clean.length > MAX_LENGTH ? `${clean.slice(0, MAX_LENGTH - 1)}…` : clean
}
