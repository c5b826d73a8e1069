import type { ObjectWriter } from '../../../core/object-store.js'
import { objectExists } from '../object-errors.js'
import { codeOf, STATUS } from './errors.js'
import { done, isThere, type RemoteFile, remove, unlessUnsupported } from './protocol.js'
import type { Link } from './session.js'

/** Does a step with a deadline, and again while that may help. */
export type Step = <Result>(signal: AbortSignal, work: (link: Link) => Promise<Result>) => Promise<Result>

export interface SftpTarget {
  readonly step: Step
  /** Beside the object, and of nobody else. */
  readonly unfinished: string
  readonly path: string
  /** Of the object, for people. */
  readonly label: string
  readonly replace: boolean
  readonly signal: AbortSignal
}

/** What every server takes at once. */
const PIECE = 32_768
const TOGETHER = 16
const ABORT_MS = 10_000

/** Writes beside the object and gives it its name at the end. Each piece says where it belongs, so it may be sent again. */
export class SftpWriter implements ObjectWriter {
  readonly #target: SftpTarget
  readonly #file: RemoteFile
  #position = 0
  #over = false

  constructor(target: SftpTarget, file: RemoteFile) {
    this.#target = target
    this.#file = file
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { signal, step } = this.#target
    signal.throwIfAborted()
    for (let at = 0; at < bytes.length; at += PIECE * TOGETHER) {
      const some = Buffer.from(bytes.subarray(at, at + PIECE * TOGETHER))
      await step(signal, (link) => this.#send(link, some))
      this.#position += some.length
    }
  }

  async commit(): Promise<void> {
    const { signal, step } = this.#target
    signal.throwIfAborted()
    await step(signal, async (link) => {
      const handle = await this.#file.on(link)
      await unlessUnsupported(() => done((callback) => link.protocol.ext_openssh_fsync(handle, callback)))
      await this.#file.close(link)
    })
    let tries = 0
    await step(signal, (link) => this.#name(link, ++tries))
    this.#over = true
  }

  async abort(): Promise<void> {
    if (this.#over) return
    this.#over = true
    const { step, unfinished } = this.#target
    const work = async (link: Link): Promise<void> => {
      await this.#file.close(link).catch(() => undefined)
      await remove(link.protocol, unfinished)
    }
    await step(AbortSignal.timeout(ABORT_MS), work).catch(() => undefined)
  }

  async #send(link: Link, bytes: Buffer): Promise<void> {
    const handle = await this.#file.on(link)
    const pieces: Promise<void>[] = []
    for (let at = 0; at < bytes.length; at += PIECE) {
      const length = Math.min(PIECE, bytes.length - at)
      const position = this.#position + at
      pieces.push(done((callback) => link.protocol.write(handle, bytes, at, length, position, callback)))
    }
    await Promise.all(pieces)
  }

  async #name({ protocol }: Link, tries: number): Promise<void> {
    const { unfinished, path, label, replace } = this.#target
    // Nobody else takes it away: the answer to our own rename was lost.
    if (tries > 1 && !(await isThere(protocol, unfinished))) return
    if (replace) return this.#replace(protocol)
    // In version 3 of the protocol a rename fails when the name is taken; a server that does not keep to it is caught here,
    // but for the moment between the two.
    if (await isThere(protocol, path)) throw objectExists(label)
    try {
      await done((callback) => protocol.rename(unfinished, path, callback))
    } catch (error) {
      if (codeOf(error) === STATUS.failure && (await isThere(protocol, path))) throw objectExists(label, error)
      throw error
    }
  }

  async #replace(protocol: Link['protocol']): Promise<void> {
    const { unfinished, path } = this.#target
    const renamed = await unlessUnsupported(async () => {
      await done((callback) => protocol.ext_openssh_rename(unfinished, path, callback))
      return true
    })
    if (renamed === true) return
    // Then for a moment there is neither the old one nor the new one.
    await remove(protocol, path)
    await done((callback) => protocol.rename(unfinished, path, callback))
  }
}
