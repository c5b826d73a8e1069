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
    err: (text) => void process.stderr.write(`${text}\n`),
  }
}
