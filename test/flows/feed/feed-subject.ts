import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { folder } from '../../../src/adapters/objects/files/index.js'
import type { RangeQueue } from '../../../src/core/distribute.js'
import type { Flow, FlowContext } from '../../../src/core/flow.js'
import type { ObjectStore } from '../../../src/core/object-store.js'
import type { FlowEvent } from '../../../src/core/observer.js'
import type { StateStore } from '../../../src/core/state.js'

/** What a reader needs of a manifest; written without the product's own shape of it. */
const ReadManifest = z.object({
  sequence: z.number(),
  run: z.string(),
  rows: z.number(),
  rejected: z.number(),
  skipped: z.number(),
  incremental: z
    .object({ by: z.string(), from: z.string().nullable(), to: z.string().nullable(), base: z.number() })
    .optional(),
  files: z.array(z.object({ name: z.string(), rows: z.number(), bytes: z.number(), sha256: z.string() })),
})
export type ReadManifest = z.infer<typeof ReadManifest>

/** A folder of the test's own. */
export class Place implements AsyncDisposable {
  readonly path: string
  readonly store: ObjectStore

  private constructor(path: string) {
    this.path = path
    this.store = folder(path)
  }

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'lockstep-feed-')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }

  /** All names, those of unfinished files too. */
  async names(): Promise<readonly string[]> {
    return (await readdir(this.path)).sort()
  }

  /** As a reader does it: the manifest with the highest number. */
  async manifest(): Promise<ReadManifest | undefined> {
    const names = (await this.names()).filter((name) => name.endsWith('.manifest.json'))
    const last = names.at(-1)
    return last === undefined ? undefined : ReadManifest.parse(JSON.parse(await this.text(last)))
  }

  async text(name: string): Promise<string> {
    const bytes = await readFile(join(this.path, name))
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  }

  /** The texts of the files of the newest feed. */
  async contents(): Promise<readonly string[]> {
    const manifest = await this.manifest()
    return Promise.all((manifest?.files ?? []).map(({ name }) => this.text(name)))
  }
}

export interface RunOptions {
  readonly events?: FlowEvent[]
  readonly drain?: AbortSignal
  readonly full?: boolean
  readonly state?: StateStore
  readonly queue?: RangeQueue
}

/** Runs a feed flow called `facilities` once. */
export async function publish(flow: Flow, options: RunOptions = {}): Promise<void> {
  const { events = [], drain, full = false, state, queue } = options
  const never = new AbortController().signal
  const context: FlowContext = {
    name: 'facilities',
    observer: (event) => events.push(event),
    drain: drain ?? never,
    abort: never,
    untilCaughtUp: false,
    full,
    ...(state === undefined ? {} : { state }),
    ...(queue === undefined ? {} : { queue }),
  }
  await flow.run(context)
}
