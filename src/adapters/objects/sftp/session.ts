import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import type Client from 'ssh2-sftp-client'
import { missingPeer } from '../../../core/missing-peer.js'
import { Secret } from '../../../core/secret.js'
import { hostKeyUnknown, knownHostsMissing } from './errors.js'
import { fingerprintOf, type HostKeys, knownHostKeys } from './known-hosts.js'
import type { SftpSettings } from './options.js'

/** The protocol, as the client library speaks it. */
export type Protocol = Awaited<ReturnType<Client['connect']>>

/** A connection; what is open on it is gone with it. */
export interface Link {
  readonly protocol: Protocol
  readonly socket: Socket
}

interface Current {
  readonly linking: Promise<Link>
  /** Once it is made. */
  link?: Link
}

const IDLE_MS = 10_000

/**
 * One connection for all that a store does, made when it is needed and again when it was lost. A process that has nothing
 * else to do is not kept up by it.
 */
export class Session {
  readonly #settings: SftpSettings
  #current: Current | undefined
  #users = 0
  #idle: NodeJS.Timeout | undefined

  constructor(settings: SftpSettings) {
    this.#settings = settings
  }

  /** @param signal aborts when the server has not answered in time: then the connection is not used again. */
  async use<Result>(signal: AbortSignal, work: (link: Link) => Promise<Result>): Promise<Result> {
    clearTimeout(this.#idle)
    this.#users += 1
    const current = this.#connected()
    const drop = () => this.#drop(current)
    signal.addEventListener('abort', drop, { once: true })
    try {
      const link = await current.linking
      signal.throwIfAborted()
      link.socket.ref()
      return await work(link)
    } finally {
      signal.removeEventListener('abort', drop)
      this.#users -= 1
      if (this.#users === 0) this.#rest()
    }
  }

  #rest(): void {
    const current = this.#current
    if (current === undefined) return
    current.link?.socket.unref()
    this.#idle = setTimeout(() => this.#drop(current), IDLE_MS).unref()
  }

  #drop(current: Current): void {
    if (this.#current === current) this.#current = undefined
    current.link?.socket.destroy()
  }

  #connected(): Current {
    if (this.#current !== undefined) return this.#current
    const current: Current = {
      linking: open(this.#settings, () => this.#drop(current)).then((link) => {
        current.link = link
        return link
      }),
    }
    this.#current = current
    return current
  }
}

/** @param lost called when the connection is no more, perhaps more than once. */
async function open(settings: SftpSettings, lost: () => void): Promise<Link> {
  const { host, port, user, timeoutMs } = settings
  const library = await import('ssh2-sftp-client').catch(
    missingPeer({ name: 'ssh2-sftp-client', install: 'ssh2-sftp-client@12', key: 'sftp(...)' }),
  )
  const verifier = await verifierOf(settings)
  // Whoever uses the connection is told of its end by what it waits for.
  const client = new library.default('lockstep', { error: () => undefined, end: lost, close: lost })
  const socket = connect({ host, port })
  socket.setNoDelay(true)
  socket.once('close', lost)
  try {
    const protocol = await client.connect({
      sock: socket,
      username: user,
      readyTimeout: timeoutMs,
      hostVerifier: verifier.verify,
      ...verifier.algorithms,
      ...loginOf(settings),
    })
    return { protocol, socket }
  } catch (error) {
    lost()
    socket.destroy()
    const { refused, by, differs } = verifier
    const shown = refused ?? (isOfOtherKind(error) ? 'of another kind' : undefined)
    throw shown === undefined ? error : hostKeyUnknown({ host, shown, by, differs, cause: error })
  }
}

/** The server has none of the kinds of keys by which it is known. */
function isOfOtherKind(error: unknown): boolean {
  return error instanceof Error && /no matching host key/i.test(error.message)
}

function loginOf({ privateKey, passphrase, agent, password }: SftpSettings) {
  return {
    ...(privateKey === undefined ? {} : { privateKey: text(privateKey) }),
    ...(passphrase === undefined ? {} : { passphrase: text(passphrase) }),
    ...(password === undefined ? {} : { password: text(password) }),
    ...(agent === undefined ? {} : { agent }),
  }
}

function text(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value
}

interface Known {
  isKnown(key: Uint8Array): boolean
  /** Of the config. */
  readonly by: string
  /** Whether any key of the server is known. */
  readonly differs: boolean
  readonly algorithms: ReturnType<typeof algorithmsOf>
}

/** Judges the server's key; `refused` is the fingerprint of one that it did not take. */
class Verifier {
  readonly #known: Known
  refused: string | undefined

  constructor(known: Known) {
    this.#known = known
  }

  get by(): string {
    return this.#known.by
  }

  get differs(): boolean {
    return this.#known.differs
  }

  get algorithms(): Known['algorithms'] {
    return this.#known.algorithms
  }

  readonly verify = (key: Buffer): boolean => {
    const known = this.#known.isKnown(key)
    this.refused = known ? undefined : fingerprintOf(key)
    return known
  }
}

async function verifierOf({ host, port, hostKey, knownHosts }: SftpSettings): Promise<Verifier> {
  if (knownHosts !== undefined) {
    const file = await readFile(knownHosts, 'utf8').catch((error: unknown) => {
      throw knownHostsMissing(knownHosts, error)
    })
    const keys = knownHostKeys(file, host, port)
    const differs = keys.types.length > 0
    return new Verifier({ isKnown: keys.isKnown, by: 'sftp({ knownHosts })', differs, algorithms: algorithmsOf(keys) })
  }
  const wanted = (typeof hostKey === 'string' ? [hostKey] : hostKey)?.map((each) => each.replace(/=$/, ''))
  const isKnown = (key: Uint8Array): boolean => wanted === undefined || wanted.includes(fingerprintOf(key))
  return new Verifier({ isKnown, by: 'sftp({ hostKey })', differs: true, algorithms: {} })
}

/** Of several keys a server shows one; it has to be one that the file may have. */
function algorithmsOf({ types }: HostKeys) {
  const known = ALGORITHMS.filter((name) =>
    types.some((type) => name === type || (type === 'ssh-rsa' && RSA.has(name))),
  )
  return known.length === 0 ? {} : { algorithms: { serverHostKey: known } }
}

const RSA = new Set<string>(['rsa-sha2-512', 'rsa-sha2-256'])
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const
