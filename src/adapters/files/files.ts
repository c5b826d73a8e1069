import { z } from 'zod'
import type { Diagnosis } from '../../core/diagnosis.js'
import { LockstepError } from '../../core/errors.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { Stream, StreamOptions } from '../../core/stream.js'
import { openFile } from './file-reader.js'
import { FileSource } from './file-source.js'
import { layoutOf, parseOptions, READ_OPTIONS, type Reading, type ReadOptions } from './options.js'
import { expandPaths } from './paths.js'

export interface FilesOptions extends ReadOptions {
  /** Paths and globs (`*`, `**`, `?`, `{a,b}`), with `/`; relative ones start at the current folder. Folders must exist. */
  readonly path: string | readonly string[]
}

const path = z.string().regex(/^[^\0]+$/, 'a path without NUL')
const OPTIONS = { path: z.union([path, z.array(path).min(1)]), ...READ_OPTIONS }

/**
 * The lines of NDJSON files or the records of CSV files, plain or gzipped (named `.gz`, or known by their first bytes).
 *
 * Finite: reading ends at the end of the last file. Each file is a lane, named by its path, so order is kept within a
 * file only; at most `lanes` files are open at a time. The position is a byte of the decompressed content: a file that
 * grew is read on from there (gzip by decompressing what comes before). A last line without newline counts; should the
 * file grow later, the whole line comes again, under the same id.
 *
 * A file that was replaced or cut stops the flow with a `ConfigError`, broken gzip with a `DataError` once all other files
 * are read. (Gzip has one checksum, at its end: lines before the damage showed may be damaged too.)
 *
 * A message's id is `path@byte` and its revision that byte, the body a line without its newline; empty lines are left
 * out. For CSV the body is a JSON object of texts by column. Lines over `lineBytes`, and records with broken quotes or
 * another number of fields than columns, are dead letters (`line-too-long`, `csv-quotes`, `csv-fields`).
 *
 * @throws ConfigError when an option is wrong.
 */
export function files(options: FilesOptions): Stream {
  const { path, ...reading } = parseOptions('files', OPTIONS, options)
  return new Files(typeof path === 'string' ? [path] : path, reading)
}

class Files implements Stream {
  readonly system = 'files'
  readonly label: string
  /** Positions in files are in the database, and nobody else gives files away. */
  readonly oneReader = true
  readonly #paths: readonly string[]
  readonly #reading: Reading

  constructor(paths: readonly string[], reading: Reading) {
    this.label = `files://${paths.join(',')}`
    this.#paths = paths
    this.#reading = reading
  }

  source(options: StreamOptions): Source<Message> {
    return new FileSource(this.#paths, this.#reading, options)
  }

  async diagnose(): Promise<readonly Diagnosis[]> {
    try {
      const paths = await expandPaths(this.#paths)
      const [first] = paths
      if (first === undefined) return [{ level: 'warn', subject: this.label, message: 'no file is named like this' }]
      await using _reader = await openFile(first, layoutOf(this.#reading, first), undefined)
      return [{ level: 'ok', subject: this.label, message: `${paths.length} files` }]
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error
      return [{ level: 'error', subject: this.label, message: error.message }]
    }
  }
}
