import type { Form } from '../../../core/canonical.js'

const NUMBER: Form = { kind: 'number' }
const TEXT: Form = { kind: 'text', padded: false }
const UUID: Form = { kind: 'uuid' }
const BYTES: Form = { kind: 'bytes' }
const FLOAT: Form = { kind: 'float', bits: 64 }
const DATE: Form = { kind: 'date' }
const MOMENT: Form = { kind: 'moment', fraction: 6 }
const TIME: Form = { kind: 'time', fraction: 6 }

/** By what is in the name of the declared type, the first that fits; columns may hold values of other types all the same. */
const FORMS: readonly (readonly [RegExp, readonly Form[]])[] = [
  [/DATETIME|TIMESTAMP/i, [MOMENT, TEXT]],
  [/^DATE$/i, [DATE, TEXT]],
  [/^TIME/i, [TIME, TEXT]],
  [/BOOL/i, [NUMBER]],
  [/INT/i, [NUMBER]],
  [/CHAR|CLOB|TEXT/i, [TEXT, UUID, MOMENT, DATE, TIME, NUMBER, { kind: 'bits' }]],
  [/BLOB/i, [BYTES, UUID]],
  [/REAL|FLOA|DOUB/i, [FLOAT, NUMBER]],
  [/DEC|NUM/i, [NUMBER, TEXT]],
  [/UUID|GUID/i, [UUID, TEXT]],
]

/** What the values of a column can be given as, the best first. SQLite has few types, and text for the rest. */
export function formsOf(declared: string): readonly Form[] {
  return FORMS.find(([type]) => type.test(declared))?.[1] ?? [TEXT, NUMBER, UUID, MOMENT, DATE, TIME, BYTES]
}
