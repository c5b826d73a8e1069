import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PubSub } from '@google-cloud/pubsub'
import { freePort } from '../../src/embedded/free-port.js'
import { guardOrphan, letGo } from '../../src/embedded/orphan-guard.js'
import { EmbeddedPubsub } from '../../src/embedded/pubsub/embedded-pubsub.js'

export const PROJECT = 'lockstep-test'

export interface PubsubServer extends AsyncDisposable {
  /** `host:port` */
  readonly address: string
}

export interface PubsubKind {
  /** Says in a test's name on what it ran. */
  readonly name: string
  start(): Promise<PubsubServer>
}

const START_MS = 30_000

/** The double; and Google's emulator, where its jar and Java are on this machine. */
export function pubsubKinds(): readonly PubsubKind[] {
  const jar = emulatorJar()
  const java = onPath('java')
  const double = { start: () => EmbeddedPubsub.start() }
  if (jar === undefined || java === undefined)
    return [{ ...double, name: "the double (Google's emulator is not here)" }]
  return [
    { ...double, name: 'the double' },
    { name: "Google's emulator", start: () => startEmulator(java, jar) },
  ]
}

/** The real client, as a stranger to the product: it prepares and it checks. */
export function bareClient(address: string): PubSub {
  // Without the domain it would look for a metadata server first.
  const clientOptions = { universeDomain: 'googleapis.com' }
  return new PubSub({ projectId: PROJECT, apiEndpoint: address, emulatorMode: true, clientOptions })
}

let names = 0

export interface Subscribed {
  readonly topic: string
  readonly subscription: string
}

/** A topic and a subscription with names of their own. */
export async function subscribe(client: PubSub, options: { ordered?: boolean; exactlyOnce?: boolean } = {}) {
  const topic = `topic-${process.pid}-${++names}`
  const subscription = `subscription-${process.pid}-${names}`
  await client.createTopic(topic)
  await client.topic(topic).createSubscription(subscription, {
    enableMessageOrdering: options.ordered ?? false,
    enableExactlyOnceDelivery: options.exactlyOnce ?? false,
  })
  return { topic, subscription } satisfies Subscribed
}

/** Publishes bodies, each with a key or none, in their order. Answers the ids. */
export async function publish(
  client: PubSub,
  topic: string,
  bodies: readonly (string | Buffer)[],
  keyOf: (index: number) => string = () => '',
): Promise<readonly string[]> {
  const target = client.topic(topic, {
    messageOrdering: true,
    batching: { maxMessages: 500, maxMilliseconds: 5, maxBytes: 5_000_000 },
  })
  return Promise.all(
    bodies.map((body, index) => {
      const orderingKey = keyOf(index)
      return target.publishMessage({ data: Buffer.from(body), ...(orderingKey === '' ? {} : { orderingKey }) })
    }),
  )
}

async function startEmulator(java: string, jar: string): Promise<PubsubServer> {
  const port = await freePort()
  const child = spawn(java, ['-Xmx512m', '-jar', jar, '--host=127.0.0.1', `--port=${port}`], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
  })
  const guard = child.pid === undefined ? undefined : guardOrphan(child.pid, undefined, 'KILL')
  await listening(port, child)
  letGo(child)
  return {
    address: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.ref()
      const exit = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await exit
      guard?.[Symbol.dispose]()
    },
  }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const giveUpAt = Date.now() + START_MS
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`the emulator ended with ${child.exitCode}`)
    if (Date.now() > giveUpAt) throw new Error(`the emulator did not listen within ${START_MS} ms`)
    await delay(50)
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Where `gcloud components install pubsub-emulator` and Debian's package put it. */
function emulatorJar(): string | undefined {
  const roots = ['/usr/lib/google-cloud-sdk', '/opt/google-cloud-sdk', join(homedir(), 'google-cloud-sdk')]
  for (const root of roots) {
    const folder = join(root, 'platform/pubsub-emulator/lib')
    const jar = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('-all.jar')) : undefined
    if (jar !== undefined) return join(folder, jar)
  }
  return undefined
}

function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path))
}
