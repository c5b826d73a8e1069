import { access, constants, link, lstat, mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import {
  isObjectName,
  type ObjectCopier,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from '../../../core/object-store.js'
import { badObjectName, errnoOf, folderMissing, notAFolder, translate } from './errors.js'
import { FolderWriter, NO_LINKS, syncFolder, UNFINISHED } from './folder-writer.js'

const READ_BYTES = 256 * 1024
/** Looked at together. */
const LISTED = 64

/**
 * A folder of this machine, or a network disk that it has mounted. It is made when it is not there, but not those above
 * it, which may be a disk that is not mounted.
 *
 * @param path relative to the folder in which lockstep is run.
 */
export function folder(path: string): ObjectStore {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return new Folder(resolve(path))
  throw new ConfigError({
    code: 'option-invalid',
    key: 'folder(path)',
    message: 'must be the path of a folder',
    fix: "write folder('out') or folder('/srv/feeds')",
  })
}

class Folder implements ObjectStore {
  readonly system = 'folder'
  readonly copier: ObjectCopier = {
    maxBytes: Number.POSITIVE_INFINITY,
    copy: (from, name, { signal }) => this.#copy(from, name, signal),
  }
  readonly label: string
  readonly #path: string

  constructor(path: string) {
    this.#path = path
    this.label = pathToFileURL(path).href
  }

  async create(name: string, options: PutOptions): Promise<FolderWriter> {
    const { replace = false, signal } = options
    this.#pathOf(name)
    signal.throwIfAborted()
    await this.#make()
    return FolderWriter.create({ folder: this.#path, name, replace, signal })
  }

  async *read(name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const path = this.#pathOf(name)
    // A link could lead anywhere.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
      throw translate(error, path, 'read')
    })
    try {
      for (;;) {
        signal.throwIfAborted()
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, null)
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
      }
    } catch (error) {
      throw signal.aborted ? error : translate(error, path, 'read')
    } finally {
      await file.close()
    }
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly StoredObject[]> {
    const names = (await this.#names()).filter((name) => name.startsWith(prefix) && isObjectName(name)).sort()
    const found: StoredObject[] = []
    for (let at = 0; at < names.length; at += LISTED) {
      signal.throwIfAborted()
      const some = await Promise.all(names.slice(at, at + LISTED).map((name) => this.#look(name)))
      found.push(...some.filter((each) => each !== undefined))
    }
    return found
  }

  async delete(names: readonly string[], signal: AbortSignal): Promise<void> {
    const paths = names.map((name) => this.#pathOf(name))
    if (paths.length === 0) return
    for (const path of paths) {
      signal.throwIfAborted()
      await this.#remove(path)
    }
    await syncFolder(this.#path).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw translate(error, this.#path, 'written')
    })
  }

  async sweep(prefix: string, olderThanMs: number, signal: AbortSignal): Promise<number> {
    const names = (await this.#names()).filter((name) => name.startsWith(`${UNFINISHED}${prefix}`))
    let swept = 0
    for (const name of names) {
      signal.throwIfAborted()
      const path = join(this.#path, name)
      const found = await this.#look(name)
      if (found === undefined || Date.now() - found.modifiedAt < olderThanMs) continue
      await this.#remove(path)
      swept += 1
    }
    return swept
  }

  async diagnose(): Promise<readonly Diagnosis[]> {
    const subject = this.label
    try {
      const above = (await this.#isThere(this.#path)) ? this.#path : resolve(this.#path, '..')
      if (!(await this.#isThere(above))) throw folderMissing(this.#path, undefined)
      await access(above, constants.R_OK | constants.W_OK | constants.X_OK)
      return [{ level: 'ok', subject, message: above === this.#path ? 'can be written' : 'will be made' }]
    } catch (error) {
      const known = translate(error, this.#path, 'written')
      if (known instanceof ConfigError) return [{ level: 'error', subject, message: known.problem, fix: known.fix }]
      if (known instanceof LockstepError) return [{ level: 'error', subject, message: known.message }]
      throw known
    }
  }

  /** A second name for the same bytes, where the file system has links; each can be deleted by itself. */
  async #copy(from: string, name: string, signal: AbortSignal): Promise<void> {
    const [source, target] = [this.#pathOf(from), this.#pathOf(name)]
    signal.throwIfAborted()
    try {
      await link(source, target)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw translate(error, source, 'read')
      if (!NO_LINKS.has(errnoOf(error) ?? '')) throw translate(error, target, 'written')
      const writer = await FolderWriter.create({ folder: this.#path, name, replace: false, signal })
      try {
        for await (const bytes of this.read(from, signal)) await writer.write(bytes)
        await writer.commit()
      } catch (failure) {
        await writer.abort()
        throw failure
      }
      return
    }
    try {
      // It is a new object, and taken for stale no sooner than others.
      await utimes(target, new Date(), new Date())
      await syncFolder(this.#path)
    } catch (error) {
      throw translate(error, target, 'written')
    }
  }

  #pathOf(name: string): string {
    if (!isObjectName(name)) throw badObjectName(name)
    return join(this.#path, name)
  }

  async #make(): Promise<void> {
    try {
      await mkdir(this.#path)
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EEXIST' && (await this.#isThere(this.#path))) return
      throw errno === 'ENOENT' ? folderMissing(this.#path, error) : translate(error, this.#path, 'written')
    }
  }

  async #isThere(path: string): Promise<boolean> {
    const found = await stat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (found !== undefined && !found.isDirectory()) throw notAFolder(path)
    return found !== undefined
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.#path)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw errnoOf(error) === 'ENOTDIR' ? notAFolder(this.#path) : translate(error, this.#path, 'read')
    }
  }

  async #look(name: string): Promise<StoredObject | undefined> {
    const path = join(this.#path, name)
    try {
      const found = await lstat(path)
      return found.isFile() ? { name, bytes: found.size, modifiedAt: found.mtimeMs } : undefined
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw translate(error, path, 'read')
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await rm(path, { force: true })
    } catch (error) {
      throw translate(error, path, 'written')
    }
  }
}
