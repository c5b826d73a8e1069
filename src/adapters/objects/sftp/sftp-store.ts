import { randomBytes } from 'node:crypto'
import type { Diagnosis } from '../../../core/diagnosis.js'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import {
  isObjectName,
  type ObjectCopier,
  type ObjectStore,
  objectMissing,
  type PutOptions,
  type StoredObject,
  type StoreWatcher,
} from '../../../core/object-store.js'
import { Attempts } from '../bucket/attempts.js'
import { checkObjectName, type Doing, placeMissing } from '../object-errors.js'
import { codeOf, STATUS, translate } from './errors.js'
import { linkRemote } from './link-remote.js'
import type { SftpSettings } from './options.js'
import { done, got, RemoteFile, remove, unlessMissing } from './protocol.js'
import { readRemote } from './read-remote.js'
import { Session } from './session.js'
import { SftpWriter, type Step } from './sftp-writer.js'

/** How names of files on their way begin; no object is called so, as objects do not begin with a dot. */
const UNFINISHED = '.unfinished-'

/** A folder on a server. */
export class SftpStore implements ObjectStore {
  readonly system = 'sftp'
  readonly label: string
  readonly copier: ObjectCopier = {
    maxBytes: Number.POSITIVE_INFINITY,
    copy: (from, name, options) => this.#copy(from, name, options),
  }
  readonly #settings: SftpSettings
  readonly #session: Session
  readonly #attempts: Attempts

  constructor(settings: SftpSettings) {
    const { host, port, user, path, timeoutMs, retryMs } = settings
    this.#settings = settings
    this.#session = new Session(settings)
    this.#attempts = new Attempts({ timeoutMs, retryMs })
    const name = host.includes(':') ? `[${host}]` : host
    const place = `sftp://${user}@${name}${port === 22 ? '' : `:${port}`}`
    this.label = `${place}${path.startsWith('/') ? path : `/./${path}`}`.replace(/\/\.\/\.$/, '/.')
  }

  async create(name: string, { replace = false, signal }: PutOptions): Promise<SftpWriter> {
    const path = this.#pathOf(name)
    signal.throwIfAborted()
    let unfinished = ''
    const file = await this.#step('write', name)(signal, async (link) => {
      // Another one each time, as the file may have been made although the answer was lost.
      unfinished = this.#at(`${UNFINISHED}${name.slice(0, 180)}-${randomBytes(6).toString('hex')}`)
      const made = new RemoteFile(unfinished, 'r+')
      try {
        await made.make(link)
      } catch (error) {
        if (codeOf(error) !== STATUS.missing) throw error
        await this.#make(link.protocol)
        await made.make(link)
      }
      return made
    })
    const label = this.#labelOf(name)
    return new SftpWriter({ step: this.#step('write', name), unfinished, path, label, replace, signal }, file)
  }

  async *read(name: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const path = this.#pathOf(name)
    const label = this.#labelOf(name)
    yield* readRemote({
      path,
      label,
      step: this.#step('read', name),
      signal,
      missing: (error) => objectMissing(label, error),
    })
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly StoredObject[]> {
    const found = await this.#files(signal)
    return found
      .filter(({ name }) => name.startsWith(prefix) && isObjectName(name))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  async delete(names: readonly string[], signal: AbortSignal): Promise<void> {
    for (const [name, path] of names.map((each) => [each, this.#pathOf(each)] as const))
      await this.#step('delete', name)(signal, ({ protocol }) => remove(protocol, path))
  }

  async sweep(prefix: string, olderThanMs: number, signal: AbortSignal): Promise<number> {
    const old = (await this.#files(signal)).filter(
      ({ name, modifiedAt }) => name.startsWith(UNFINISHED + prefix) && Date.now() - modifiedAt >= olderThanMs,
    )
    for (const { name } of old)
      await this.#step('delete', name)(signal, ({ protocol }) => remove(protocol, this.#at(name)))
    return old.length
  }

  watch(watcher: StoreWatcher): () => void {
    return this.#attempts.watch.add(watcher)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const subject = this.label
    try {
      const found: Diagnosis[] = []
      if (this.#settings.insecureHostKey === true) found.push(insecure(subject))
      if (await this.#overwrites(signal)) found.push(overwriting(subject))
      return found.length > 0 ? found : [{ level: 'ok', subject, message: 'can be listed and written' }]
    } catch (error) {
      if (error instanceof ConfigError) return [{ level: 'error', subject, message: error.problem, fix: error.fix }]
      if (error instanceof LockstepError) return [{ level: 'error', subject, message: error.message }]
      throw error
    }
  }

  /** Where the server makes no second link the bytes come here and go there again. */
  async #copy(from: string, name: string, options: PutOptions): Promise<void> {
    const [source, path] = [this.#pathOf(from), this.#pathOf(name)]
    const { signal } = options
    let tries = 0
    const found = await this.#step('copy', name)(signal, (link) =>
      linkRemote(link, { from: source, to: path, before: tries++ }),
    )
    if (found === 'missing') throw objectMissing(this.#labelOf(from), undefined)
    if (found === 'linked') return
    const writer = await this.create(name, { ...options, replace: false })
    try {
      for await (const bytes of this.read(from, signal)) await writer.write(bytes)
      await writer.commit()
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  /** Gives a file the name of another one, which must fail. */
  async #overwrites(signal: AbortSignal): Promise<boolean> {
    await this.#files(signal)
    const stem = this.#at(`${UNFINISHED}probe-${randomBytes(6).toString('hex')}`)
    const paths = [`${stem}-1`, `${stem}-2`] as const
    return this.#step('write', '')(signal, async (link) => {
      const { protocol } = link
      try {
        for (const path of paths) {
          const file = new RemoteFile(path, 'r+')
          await file.make(link).catch(async (error: unknown) => {
            if (codeOf(error) !== STATUS.missing) throw error
            await this.#make(protocol)
            await file.make(link)
          })
          await file.close(link)
        }
        return await done((callback) => protocol.rename(paths[0], paths[1], callback)).then(
          () => true,
          () => false,
        )
      } finally {
        for (const path of paths) await remove(protocol, path).catch(() => undefined)
      }
    })
  }

  async #files(signal: AbortSignal): Promise<readonly StoredObject[]> {
    const { path } = this.#settings
    const found = await this.#step('list', '')(signal, ({ protocol }) =>
      unlessMissing(() => got<readonly Entry[]>((callback) => protocol.readdir(path, callback))),
    )
    return (found ?? []).flatMap(({ filename, attrs }) =>
      attrs.isFile() ? [{ name: filename, bytes: attrs.size, modifiedAt: attrs.mtime * 1_000 }] : [],
    )
  }

  #make(protocol: Parameters<typeof remove>[0]): Promise<void> {
    const { path } = this.#settings
    return done((callback) => protocol.mkdir(path, callback)).catch((error: unknown) => {
      if (codeOf(error) !== STATUS.missing) throw error
      throw placeMissing(this.label, 'make the folder above it, or correct sftp({ path })', error)
    })
  }

  #step(doing: Doing, name: string): Step {
    const what = name === '' ? this.label : this.#labelOf(name)
    const translated = (error: unknown): Error => translate(error, { what, doing }, this.#settings)
    return (signal, work) =>
      this.#attempts.run({ what, signal, translate: translated }, (each) => this.#session.use(each, work))
  }

  #pathOf(name: string): string {
    checkObjectName(name, 'sftp(...)')
    return this.#at(name)
  }

  #at(name: string): string {
    const { path } = this.#settings
    return path === '/' ? `/${name}` : `${path}/${name}`
  }

  #labelOf(name: string): string {
    return `${this.label}/${name}`
  }
}

interface Entry {
  readonly filename: string
  readonly attrs: { readonly size: number; readonly mtime: number; isFile(): boolean }
}

function insecure(subject: string): Diagnosis {
  return {
    level: 'warn',
    subject,
    message: 'the key of the server is not looked at (insecureHostKey): whoever answers is taken for it',
    fix: 'take insecureHostKey out, and write hostKey: the fingerprint that its owner names',
  }
}

function overwriting(subject: string): Diagnosis {
  return {
    level: 'warn',
    subject,
    message:
      'a rename on this server takes the place of a file that is there: of two exporters at once both may publish',
    fix: 'run the flow in one process only',
  }
}
