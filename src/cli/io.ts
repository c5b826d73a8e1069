import { createInterface } from 'node:readline/promises'

/** What a command may touch of the process, so that tests can hand in their own. */
export interface Io {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** stdout is a terminal that a person looks at. */
  readonly isTty: boolean
  /** Columns of the terminal; 80 when there is none. */
  readonly width: number
  /** The result of the command. */
  out(text: string): void
  /** A result that is no text. Resolves once it has left this process. */
  bytes(bytes: Uint8Array): Promise<void>
  /** Asks the person at the terminal; left out when nobody is there. */
  readonly ask?: (question: string) => Promise<string>
  /** stderr, where it is a terminal, for what is drawn over itself. */
  readonly terminal?: NodeJS.WriteStream
  /** Everything else: logs, progress, errors. */
  err(text: string): void
}

export function processIo(): Io {
  // `lockstep status | head` closes the pipe early; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    cwd: process.cwd(),
    env: process.env,
    isTty: process.stdout.isTTY === true,
    get width() {
      return process.stdout.columns || 80
    },
    out: (text) => void process.stdout.write(`${text}\n`),
    bytes: (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve())),
    ...(process.stderr.isTTY && process.env['TERM'] !== 'dumb' ? { terminal: process.stderr } : {}),
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
    err: (text) => void process.stderr.write(`${text}\n`),
  }
}

/** On stderr, so that a redirected stdout holds the result alone. Ctrl-C and Ctrl-D are an empty answer. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return await Promise.race([lines.question(question), ended])
  } finally {
    lines.close()
  }
}
