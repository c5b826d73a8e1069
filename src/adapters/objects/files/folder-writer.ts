import { randomBytes } from 'node:crypto'
import { constants, type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectWriter } from '../../../core/object-store.js'
import { errnoOf, translate } from './errors.js'

/** How names of files on their way begin; no object is called so, as objects do not begin with a dot. */
export const UNFINISHED = '.unfinished-'

export interface FolderTarget {
  readonly folder: string
  readonly name: string
  readonly replace: boolean
  readonly signal: AbortSignal
}

/** Writes beside the object and gives it its name at the end, once every byte is on disk. */
export class FolderWriter implements ObjectWriter {
  readonly #target: FolderTarget
  readonly #file: FileHandle
  readonly #unfinished: string
  #open = true
  #over = false

  private constructor(target: FolderTarget, file: FileHandle, unfinished: string) {
    this.#target = target
    this.#file = file
    this.#unfinished = unfinished
  }

  static async create(target: FolderTarget): Promise<FolderWriter> {
    const unfinished = join(
      target.folder,
      `${UNFINISHED}${target.name.slice(0, 180)}-${randomBytes(6).toString('hex')}`,
    )
    try {
      return new FolderWriter(target, await open(unfinished, 'wx', 0o644), unfinished)
    } catch (error) {
      throw translate(error, unfinished, 'written')
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#target.signal.throwIfAborted()
    await this.#guarded(async () => {
      for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten
    })
  }

  async commit(): Promise<void> {
    this.#target.signal.throwIfAborted()
    const { folder, name, replace } = this.#target
    await this.#guarded(async () => {
      await this.#file.sync()
      await this.#close()
      const path = join(folder, name)
      if (replace) await rename(this.#unfinished, path)
      else await this.#claim(path)
      this.#over = true
      await syncFolder(folder)
    })
  }

  async abort(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#close().catch(() => undefined)
    await rm(this.#unfinished, { force: true }).catch(() => undefined)
  }

  /** A link fails when the name is taken; a rename would take it away from whoever has it. */
  async #claim(path: string): Promise<void> {
    try {
      await link(this.#unfinished, path)
    } catch (error) {
      if (errnoOf(error) === 'EEXIST' || !NO_LINKS.has(errnoOf(error) ?? '')) throw error
      await reserve(path)
      await rename(this.#unfinished, path)
      return
    }
    await rm(this.#unfinished, { force: true })
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#file.close()
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw translate(error, join(this.#target.folder, this.#target.name), 'written')
    }
  }
}

/** What file systems without links answer (exFAT, some network ones). */
export const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Then for a moment, and after a crash for good, an empty file has the name: whoever reads it sees that it is too short. */
async function reserve(path: string): Promise<void> {
  await (await open(path, 'wx', 0o644)).close()
}

/** So that the name itself survives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    // Not every file system can.
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM'].includes(errnoOf(error) ?? '')) throw error
  } finally {
    await handle.close()
  }
}
