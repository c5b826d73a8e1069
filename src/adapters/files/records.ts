import { isUtf8 } from 'node:buffer'
import type { Message } from '../../core/message.js'
import type { Layout } from './options.js'
import type { Piece } from './splitter.js'

export type Csv = NonNullable<Layout['csv']>
type Fault = NonNullable<Message['fault']>

/** What a line or record is as the body of a message. */
export type Body = (piece: Piece) => { readonly body: Uint8Array; readonly fault?: Fault }

/** The fields of a record without its newline (RFC 4180); `undefined` when a quote is where none may be. */
export function parseRecord(text: string, { delimiter, quote }: Csv): readonly string[] | undefined {
  if (quote === null || !text.includes(quote)) return text.split(delimiter)
  const fields: string[] = []
  for (let at = 0; ; ) {
    const field: Field | undefined = text[at] === quote ? quotedField(text, at, quote) : plainField(text, at, delimiter)
    if (field === undefined || (text[at] !== quote && field.value.includes(quote))) return undefined
    fields.push(field.value)
    if (field.end === text.length) return fields
    if (text[field.end] !== delimiter) return undefined
    at = field.end + 1
  }
}

interface Field {
  readonly value: string
  readonly end: number
}

function plainField(text: string, at: number, delimiter: string): Field {
  const found = text.indexOf(delimiter, at)
  const end = found < 0 ? text.length : found
  return { value: text.slice(at, end), end }
}

function quotedField(text: string, at: number, quote: string): Field | undefined {
  let value = ''
  for (let from = at + 1; ; ) {
    const mark = text.indexOf(quote, from)
    if (mark < 0) return undefined
    value += text.slice(from, mark)
    if (text[mark + 1] !== quote) return { value, end: mark + 1 }
    value += quote
    from = mark + 2
  }
}

export function lineBody(limitBytes: number): Body {
  return (piece) => (piece.cut ? { body: piece.bytes, fault: tooLong(piece, limitBytes) } : { body: piece.bytes })
}

/** A JSON object of the texts of a record by column; of a broken one the bytes as they are. */
export function recordBody(columns: readonly string[], csv: Csv, limitBytes: number): Body {
  const names = columns.map((column, at) => `${at === 0 ? '{' : ','}${JSON.stringify(column)}:`)
  return (piece) => {
    const body = piece.bytes
    if (piece.cut) return { body, fault: tooLong(piece, limitBytes) }
    if (!isUtf8(body)) return { body, fault: { code: 'invalid-utf8', reason: 'the record is not UTF-8 text' } }
    const fields = parseRecord(body.toString(), csv)
    if (fields === undefined) return { body, fault: { code: 'csv-quotes', reason: BROKEN_QUOTES } }
    if (fields.length !== columns.length) return { body, fault: wrongCount(fields.length, columns.length) }
    let json = ''
    for (const [at, name] of names.entries()) json += name + JSON.stringify(fields[at])
    return { body: Buffer.from(`${json}}`) }
  }
}

const BROKEN_QUOTES = 'a quote is not where CSV allows it: fields are quoted as a whole, and quotes within are doubled'

function wrongCount(fields: number, columns: number): Fault {
  return { code: 'csv-fields', reason: `the record has ${fields} fields, there are ${columns} columns` }
}

function tooLong({ start, end }: Piece, limitBytes: number): Fault {
  const reason = `a line of ${end - start} bytes, more than lineBytes (${limitBytes}); only its beginning is kept`
  return { code: 'line-too-long', reason }
}
