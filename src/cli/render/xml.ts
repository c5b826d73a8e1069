/** Text for an attribute or an element of XML 1.0. What XML cannot hold, even escaped, is a character that shows it. */
export function xmlText(text: string): string {
  return text.replace(FORBIDDEN, '\uFFFD').replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`)
}

// Tabs and line ends are kept as references, as parsers turn bare ones in attributes into blanks.
const SPECIAL = /[&<>"'\t\n\r]/g
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu
