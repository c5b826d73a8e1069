import type { Database } from '../../core/database.js'
import { describeOptions } from '../../core/describe-options.js'
import type { Diagnosis, GrantList } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { FeedVerification, Flow, FlowContext, ListedFeed, PublishedFeed } from '../../core/flow.js'
import { parseAlert } from '../alert.js'
import { parseSchedule } from '../schedule.js'
import { feedFingerprint } from './distributed/fingerprint.js'
import { writeRange } from './distributed/write-range.js'
import { listFeeds } from './list-feeds.js'
import { feedNames } from './names.js'
import type { FeedOptions } from './options.js'
import { runFeed } from './run-feed.js'
import { named, parseOptions, type Settings } from './settings.js'
import { newestManifest, verifyManifest } from './verify-feed.js'

/**
 * Publishes a table as files, all or nothing: data files under new names, then a manifest with the size, rows and sha256
 * of each. A reader takes the manifest with the highest number and the files that it names; at any moment, and whenever
 * the exporter dies, those are one whole feed.
 *
 * @throws ConfigError when an option is wrong.
 */
export function feed<Select, Accepted = unknown, Made = Accepted>(options: FeedOptions<Select, Accepted, Made>): Flow {
  return new FeedFlow(parseOptions(options))
}

class FeedFlow implements Flow {
  readonly kind = 'feed'
  readonly databases: readonly Database[]
  readonly schedule: Flow['schedule']
  readonly alert: Flow['alert']
  readonly distribute: Flow['distribute']
  readonly ranged: Flow['ranged']
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
    this.databases = [settings.from.database]
    this.alert = parseAlert(settings.alert, 'feed', 'feed')
    this.schedule = parseSchedule(settings.schedule, 'feed')
    this.distribute = settings.distribute
    this.ranged = settings.distribute && {
      fingerprint: feedFingerprint(settings),
      work: (job, context) => writeRange(named(settings, context.name), job, context),
    }
  }

  /** Publishes once. */
  run(context: FlowContext): Promise<void> {
    return runFeed(named(this.#settings, context.name), context)
  }

  async verifyFeed(flow: string, signal: AbortSignal): Promise<FeedVerification> {
    const { store, object } = await this.publishedFeed(flow, undefined, signal)
    return verifyManifest(store, object, signal)
  }

  async publishedFeed(flow: string, sequence: number | undefined, signal: AbortSignal): Promise<PublishedFeed> {
    const { to: store, name } = named(this.#settings, flow)
    const object =
      sequence === undefined ? await newestManifest(store, name, signal) : feedNames(name).manifest(sequence)
    return { store, object }
  }

  async listFeeds(flow: string, signal: AbortSignal): Promise<readonly ListedFeed[]> {
    const { to, name } = named(this.#settings, flow)
    return listFeeds(to, name, signal)
  }

  describe(): unknown {
    return describeOptions(this.#settings)
  }

  async diagnose(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { from, to, quarantine } = this.#settings
    const stores = quarantine === undefined ? [to] : [to, quarantine]
    const [table = [], ...others] = await Promise.all([
      from.diagnose('read', signal),
      ...stores.map((store) => store.diagnose(signal)),
    ])
    const reads = table.some(({ level }) => level === 'error') ? [] : await this.#diagnoseReads(signal)
    return [...table, ...reads, ...others.flat()]
  }

  async #diagnoseReads(signal: AbortSignal): Promise<readonly Diagnosis[]> {
    const { from, where, since } = this.#settings
    const asked = {
      ...(where === undefined ? {} : { where }),
      ...(since === undefined || since.kind === 'last-run' ? {} : { since: since.column }),
    }
    try {
      return (await from.diagnoseReads?.(asked, signal)) ?? []
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return [{ level: 'error', subject: error.key, message: error.problem, fix: error.fix }]
    }
  }

  async grants(role: string, signal: AbortSignal): Promise<readonly GrantList[]> {
    return [await this.#settings.from.grants('read', role, signal)]
  }
}
