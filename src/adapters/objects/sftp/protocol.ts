import { codeOf, isUnsupported, STATUS } from './errors.js'
import type { Link, Protocol } from './session.js'

type Callback = (error: Error | null | undefined) => void
type ResultCallback<Result> = (error: Error | undefined, result: Result) => void

/** A request without a result. */
export function done(ask: (callback: Callback) => void): Promise<void> {
  return new Promise((resolve, reject) => ask((error) => (error == null ? resolve() : reject(error))))
}

/** A request with one. */
export function got<Result>(ask: (callback: ResultCallback<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => ask((error, result) => (error == null ? resolve(result) : reject(error))))
}

/** `undefined`: the server does not offer it. */
export async function unlessUnsupported<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (isUnsupported(error)) return undefined
    throw error
  }
}

export async function unlessMissing<Result>(ask: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (codeOf(error) === STATUS.missing) return undefined
    throw error
  }
}

export async function isThere(protocol: Protocol, path: string): Promise<boolean> {
  return (await unlessMissing(() => got((callback) => protocol.lstat(path, callback)))) !== undefined
}

export async function remove(protocol: Protocol, path: string): Promise<void> {
  await unlessMissing(() => done((callback) => protocol.unlink(path, callback)))
}

/** An open file, opened again on another connection when its own is lost. */
export class RemoteFile {
  readonly path: string
  readonly #flags: 'r' | 'r+'
  #open: { readonly link: Link; readonly handle: Buffer } | undefined

  /** @param flags with which it is opened again. */
  constructor(path: string, flags: 'r' | 'r+') {
    this.path = path
    this.#flags = flags
  }

  /** Of a new file, which nobody else has. */
  async make(link: Link): Promise<void> {
    const handle = await got<Buffer>((callback) => link.protocol.open(this.path, 'wx', { mode: 0o644 }, callback))
    this.#open = { link, handle }
  }

  async on(link: Link): Promise<Buffer> {
    if (this.#open?.link === link) return this.#open.handle
    const handle = await got<Buffer>((callback) => link.protocol.open(this.path, this.#flags, callback))
    this.#open = { link, handle }
    return handle
  }

  async close(link: Link): Promise<void> {
    const open = this.#open
    this.#open = undefined
    if (open?.link === link) await done((callback) => link.protocol.close(open.handle, callback))
  }
}
