import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Diagnosis } from '../../core/diagnosis.js'
import type { Message } from '../../core/message.js'
import type { Source } from '../../core/source.js'
import type { Stream, StreamOptions } from '../../core/stream.js'
import { layoutOf, parseOptions, READ_OPTIONS, type Reading, type ReadOptions } from './options.js'
import { standardInput } from './standard-input.js'
import { StdinSource } from './stdin-source.js'

export interface StdinOptions extends ReadOptions {
  /** Default the standard input of this process. */
  readonly input?: Readable
}

const OPTIONS = { input: z.instanceof(Readable).optional(), ...READ_OPTIONS }

/**
 * The lines (or CSV records) of standard input, in the one lane `stdin`, as `files` reads them. What comes is stored at
 * least once while the process lives; a new process cannot read it again, so there are no positions.
 *
 * @throws ConfigError when an option is wrong.
 */
export function stdin(options: StdinOptions = {}): Stream {
  const { input, ...reading } = parseOptions('stdin', OPTIONS, options)
  return new Stdin(input ?? standardInput, reading)
}

class Stdin implements Stream {
  readonly system = 'files'
  readonly label = 'stdin'
  readonly #input: Readable | (() => Readable)
  readonly #reading: Reading

  constructor(input: Readable | (() => Readable), reading: Reading) {
    this.#input = input
    this.#reading = reading
  }

  source(options: StreamOptions): Source<Message> {
    const input = this.#input
    const open = typeof input === 'function' ? input : () => input
    return new StdinSource(open, layoutOf(this.#reading, ''), options.batch)
  }

  async diagnose(): Promise<readonly Diagnosis[]> {
    return [
      { level: 'ok', subject: this.label, message: 'is read once; what is lost with the process is not read again' },
    ]
  }
}
