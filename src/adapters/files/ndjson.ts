import { isUtf8 } from 'node:buffer'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Diagnosis } from '../../core/diagnosis.js'
import { UnavailableError } from '../../core/errors.js'
import type { OutgoingMessage } from '../../core/message.js'
import type { MessageTarget, MessageWriter } from '../../core/stream.js'
import { errnoOf } from './errors.js'
import { parseOptions } from './options.js'

const NEWLINE = 0x0a

/**
 * A file to which a line is appended for each message, e.g. for dead letters: `{"key", "headers", "json"}`, with `"body"`
 * in the place of `"json"` when the message is no JSON object, and `"base64"` when it is no UTF-8 text. The file is made when first needed, readable by
 * its owner only. Lines are on disk before a write counts (`fsync`); after a failure whose outcome nobody knows a line
 * may be there twice, and the beginning of one on a line of its own.
 *
 * @throws ConfigError when the path is not one. A full disk is an `UnavailableError` of code `disk-full`.
 */
export function ndjson(path: string): MessageTarget {
  parseOptions('ndjson', { path: z.string().regex(/^[^\0]+$/, 'a path without NUL') }, { path })
  return {
    system: 'files',
    label: `files://${path}`,
    open: () => new NdjsonWriter(path),
    diagnose: () => diagnose(path),
  }
}

class NdjsonWriter implements MessageWriter {
  readonly #path: string
  #file: FileHandle | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  async write(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    if (messages.length === 0) return
    const write = this.#last.then(() => this.#append(messages, signal))
    this.#last = write.catch(() => undefined)
    await write
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    await this.#file?.close()
    this.#file = undefined
  }

  async #append(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    try {
      this.#file ??= await openToAppend(this.#path)
      await this.#file.appendFile(messages.map(toLine).join(''))
      await this.#file.sync()
    } catch (error) {
      // Nobody knows how much of it was written; opening the file again looks.
      await this.#file?.close().catch(() => undefined)
      this.#file = undefined
      throw unwritable(this.#path, error)
    }
  }
}

async function openToAppend(path: string): Promise<FileHandle> {
  const file = await open(path, 'a+', 0o600)
  try {
    const { size } = await file.stat()
    if (size === 0) await syncFolder(dirname(path))
    // The rest of a line that a crash or a full disk cut off must not swallow the next one.
    else if (await endsTorn(file, size)) await file.appendFile('\n')
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && buffer[0] !== NEWLINE
}

/** A new name is durable with its folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function toLine({ key, headers, body }: OutgoingMessage): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  const rest = JSON.stringify({ key, headers }).slice(0, -1)
  if (!isUtf8(bytes)) return `${rest},"base64":"${bytes.toString('base64')}"}\n`
  const text = bytes.toString()
  return isJsonObject(text) ? `${rest},"json":${text}}\n` : `${rest},"body":${JSON.stringify(text)}}\n`
}

/** On one line; it is then written as it is, with every digit. */
function isJsonObject(text: string): boolean {
  if (!text.startsWith('{') || /[\r\n]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function unwritable(path: string, cause: unknown): Error {
  const errno = errnoOf(cause)
  if (errno === undefined) return cause instanceof Error ? cause : new Error(`${path}: writing failed`, { cause })
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new UnavailableError('disk-full', `${path}: the disk is full (${errno})`, { cause })
  }
  return new UnavailableError('file-unwritable', `${path}: cannot be written (${errno})`, { cause })
}

async function diagnose(path: string): Promise<readonly Diagnosis[]> {
  const subject = `files://${path}`
  const folder = dirname(path)
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory()) return [{ level: 'ok', subject, message: 'its folder is there' }]
  return [{ level: 'error', subject, message: `there is no folder ${folder}`, fix: `mkdir -p ${folder}` }]
}
