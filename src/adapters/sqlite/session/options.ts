import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { ConfigError } from '../../../core/errors.js'

export interface SqliteOptions {
  /** How long a write waits while another process holds the file's lock, in ms. Default 5000. */
  readonly busyMs?: number
}

const Options = z.strictObject({
  busyMs: z.number().int().min(0).max(2_147_483_647).default(5_000),
})

export interface Place {
  /** `file:///data/quotes.db`, or `:memory:`. */
  readonly url: string
  /** For people. */
  readonly label: string
  /** `undefined`: in memory. */
  readonly path: string | undefined
}

/** Fills in defaults; a `ConfigError` names the option that is wrong. */
export function parseOptions(options: SqliteOptions): Required<SqliteOptions> {
  const { success, data, error } = Options.safeParse(options)
  if (success) return data
  const [first] = error.issues
  const key = first?.code === 'unrecognized_keys' ? first.keys[0] : first?.path[0]
  throw new ConfigError({
    code: 'option-invalid',
    key: `sqlite(file, { ${String(key ?? 'options')} })`,
    message: first?.message ?? 'is not valid',
    fix:
      first?.code === 'unrecognized_keys'
        ? `Remove it; known are ${Object.keys(Options.shape).join(', ')}.`
        : 'Correct the option; its default is in the documentation of sqlite().',
  })
}

/** `file:quotes.db`, a path, or `:memory:`. */
export function parsePlace(file: string): Place {
  if (file === ':memory:') return { url: file, label: 'sqlite::memory:', path: undefined }
  const path = file.replace(/^file:(?:\/\/(?=\/))?/, '')
  if (path === '' || path.includes('\0') || /^[a-z][a-z0-9+.-]+:/i.test(path) || path.startsWith('//'))
    throw wrongFile()
  return { url: pathToFileURL(path).href, label: `sqlite:${path}`, path }
}

function wrongFile(): ConfigError {
  return new ConfigError({
    code: 'url-invalid',
    key: 'sqlite(file)',
    message: 'this is not the name of a file',
    fix: "Write sqlite('file:quotes.db'), a path, or ':memory:'; databases on other machines are not supported.",
  })
}
