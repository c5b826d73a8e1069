import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOURCE = fileURLToPath(new URL('mock-cluster.c', import.meta.url))

/** Numbers of the protocol's requests, for `fail`. */
export const API = { produce: 0, fetch: 1, listOffsets: 2, metadata: 3, offsetCommit: 8, heartbeat: 12 } as const
/** Numbers of the protocol's errors. */
export const PROTOCOL_ERROR = { messageTooLarge: 10, rebalanceInProgress: 27, topicAuthorizationFailed: 29 } as const

/**
 * Brokers of librdkafka's mock cluster: the protocol of Kafka 2.x with consumer groups and idempotent producers, all in
 * memory. No transactions' control records, no compaction, no SASL, no createTopics; a partition keeps its last 5 MB, so
 * what is older is gone, as by retention.
 */
export interface MockCluster extends AsyncDisposable {
  readonly brokers: readonly string[]
  createTopic(topic: string, partitions: number): Promise<void>
  /** Connections are cut and new ones refused. Default all brokers. */
  down(broker?: number): Promise<void>
  up(broker?: number): Promise<void>
  /** The next `count` requests of that kind are answered with the error. */
  fail(api: number, error: number, count: number): Promise<void>
  moveLeader(topic: string, partition: number, broker: number): Promise<void>
}

export async function startMockCluster(brokers = 1): Promise<MockCluster> {
  const program = await compiled()
  const child = spawn(program, [String(brokers)], { stdio: ['pipe', 'pipe', 'ignore'] })
  // That it has ended shows when an answer is read.
  child.stdin.on('error', () => undefined)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const line = async () => {
    const next = await lines.next()
    if (next.done) throw new Error('the mock cluster has ended')
    return next.value
  }
  const addresses = (await line()).split(',')
  let turn: Promise<unknown> = Promise.resolve()
  const command = (text: string): Promise<void> => {
    const mine = turn.then(async () => {
      child.stdin.write(`${text}\n`)
      const answer = await line()
      if (answer !== 'ok') throw new Error(`mock cluster: ${text}: ${answer}`)
    })
    turn = mine.catch(() => undefined)
    return mine
  }
  return {
    brokers: addresses,
    createTopic: (topic, partitions) => command(`topic ${topic} ${partitions} 1`),
    down: (broker = -1) => command(`down ${broker}`),
    up: (broker = -1) => command(`up ${broker}`),
    fail: (api, error, count) => command(`fail ${api} ${error} ${count}`),
    moveLeader: (topic, partition, broker) => command(`leader ${topic} ${partition} ${broker}`),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Compiled once for each version of its source. */
async function compiled(): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(SOURCE))
    .digest('hex')
    .slice(0, 16)
  const folder = join(tmpdir(), `lockstep-mock-kafka-${process.getuid?.() ?? 0}`)
  const program = join(folder, hash)
  if (existsSync(program)) return program
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unfinished = `${program}.${process.pid}`
  try {
    await promisify(execFile)('gcc', ['-O1', '-Wall', '-o', unfinished, SOURCE, '-lrdkafka'])
  } catch (cause) {
    throw new Error('the mock Kafka cluster needs the Debian packages gcc, libc6-dev and librdkafka-dev', { cause })
  }
  await rename(unfinished, program)
  return program
}
