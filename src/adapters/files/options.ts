import { z } from 'zod'
import { ConfigError } from '../../core/errors.js'

export interface CsvOptions {
  /** One ASCII character. Default `,`; `\t` for files named `*.tsv`. */
  readonly delimiter?: string
  /** One ASCII character around fields that have delimiters or newlines in them, doubled inside; `null`: none. Default `"`. */
  readonly quote?: string | null
  /** Names of the fields, for files without a header row. Default: the first record names them. */
  readonly columns?: readonly string[]
}

/** How bytes become messages, for files and standard input. */
export interface ReadOptions {
  /**
   * `ndjson`: a message per line. `csv`: a message per record, its body a JSON object of texts by column. Default by
   * the file's extension (`.csv` and `.tsv`, also with `.gz`), else `ndjson`.
   */
  readonly format?: 'ndjson' | 'csv'
  readonly csv?: CsvOptions
  /** A longer line or record becomes a dead letter that holds its beginning. Default 10 MiB. */
  readonly lineBytes?: number
}

/** The options, parsed. */
export interface Reading {
  readonly format?: 'ndjson' | 'csv' | undefined
  readonly csv: { readonly [Option in keyof CsvOptions]: CsvOptions[Option] | undefined }
  readonly lineBytes: number
}

/** How one file is read. */
export interface Layout {
  readonly lineBytes: number
  /** `undefined`: lines. */
  readonly csv:
    | { readonly delimiter: string; readonly quote: string | null; readonly columns?: readonly string[] }
    | undefined
}

const ascii = z
  .string()
  .refine((text) => text.length === 1 && text > '\0' && text < '\x80' && !/[\r\n]/.test(text), 'one ASCII character')

export const READ_OPTIONS = {
  format: z.enum(['ndjson', 'csv']).optional(),
  csv: z
    .strictObject({
      delimiter: ascii.optional(),
      quote: ascii.nullable().optional(),
      columns: z.array(z.string()).min(1).optional(),
    })
    .refine(({ delimiter = ',', quote = '"' }) => delimiter !== quote, 'delimiter and quote must differ')
    .refine(({ columns = [] }) => new Set(columns).size === columns.length, 'two columns have one name')
    .default({}),
  lineBytes: z
    .number()
    .int()
    .min(1)
    .max(256 * 1024 * 1024)
    .default(10 * 1024 * 1024),
}

/** Parses the options of `call`; a `ConfigError` names the one that is wrong. */
export function parseOptions<Shape extends z.ZodRawShape>(
  call: string,
  shape: Shape,
  options: unknown,
): z.output<z.ZodObject<Shape, z.core.$strict>> {
  const { success, data, error } = z.strictObject(shape).safeParse(options)
  if (success) return data
  const [first] = error.issues
  const unknown = first?.code === 'unrecognized_keys' ? first.keys[0] : undefined
  throw new ConfigError({
    code: 'option-invalid',
    key: `${call}({ ${[...(first?.path ?? []), ...(unknown === undefined ? [] : [unknown])].map(String).join('.')} })`,
    message: first?.message ?? 'is not valid',
    fix:
      unknown === undefined
        ? `Correct the option; its default is in the documentation of ${call}().`
        : `Remove it; known are ${Object.keys(shape).join(', ')}.`,
  })
}

/** `name`: of the file, whose extension decides what the options leave open. */
export function layoutOf(reading: Reading, name: string): Layout {
  const [, extension] = /\.(csv|tsv)(?:\.gz)?$/i.exec(name) ?? []
  const format = reading.format ?? (extension === undefined ? 'ndjson' : 'csv')
  if (format === 'ndjson') return { lineBytes: reading.lineBytes, csv: undefined }
  const { delimiter = extension?.toLowerCase() === 'tsv' ? '\t' : ',', quote = '"', columns } = reading.csv
  return { lineBytes: reading.lineBytes, csv: { delimiter, quote, ...(columns === undefined ? {} : { columns }) } }
}
