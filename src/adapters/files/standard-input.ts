import { createReadStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'

/** What is piped into, or typed at, this process. A pipe is polled, so that waiting for it never keeps the process. */
export function standardInput(): Readable {
  const kind = fstatSync(0)
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd: 0, readable: true, writable: false })
  if (isatty(0)) return new ReadStream(0)
  return createReadStream('', { fd: 0, autoClose: false })
}
