import type { FlowName } from './costs.js'

/** What a broker gives out, from its public documentation. */
export interface BrokerLimit {
  readonly name: string
  readonly bytesPerSecond?: number
  readonly messagesPerSecond?: number
  /** For people: the limit, whose it is, and where it says so. */
  readonly says: string
  readonly source: string
}

/** What a flow is like, beyond its costs. */
export interface FlowFacts {
  readonly title: string
  /** Where there is little room. */
  readonly short?: string
  /** What a row was when it was measured. */
  readonly row: string
  /** Several processes share the work; else one does it all. */
  readonly shared: boolean
  /** Of one process: connections of each database that work at the same time. */
  readonly connections: { readonly source: number; readonly target: number }
  readonly broker?: BrokerLimit
}

const RECORD = 'a uuid and 32 characters'
const SCAN = 'a scan, 230 bytes of JSON'

const PUBSUB: BrokerLimit = {
  name: 'Pub/Sub',
  bytesPerSecond: 200e6,
  says: '200 MB/s per project, the default quota of a large region for those who receive; 10 MB/s on one stream. More on request',
  source: 'https://cloud.google.com/pubsub/quotas',
}

const KURRENTDB: BrokerLimit = {
  name: 'KurrentDB',
  messagesPerSecond: 20_000,
  says: '20,000 transactions/s on the production sizes of its cloud, written and read together. Nothing is said of catching up alone, which may be faster',
  source: 'https://developers.eventstore.com/cloud/provision/sizing.html',
}

const KAFKA: BrokerLimit = {
  name: 'Kafka',
  bytesPerSecond: 180e6,
  says: '180 MB/s out of one unit (CKU) of a dedicated cluster of Confluent Cloud. A cluster of your own gives what its network and disks give',
  source: 'https://docs.confluent.io/cloud/current/clusters/cluster-types.html',
}

export const FLOW_FACTS: Readonly<Record<FlowName, FlowFacts>> = {
  'sync-compare': {
    title: '`sync`, first comparison of equal tables',
    short: 'sync, first comparison',
    row: RECORD,
    shared: false,
    connections: { source: 3, target: 3 },
  },
  'sync-fill': {
    title: '`sync`, filling an empty side',
    short: 'sync, filling a side',
    row: RECORD,
    shared: false,
    connections: { source: 1, target: 1 },
  },
  'sync-follow': {
    title: '`sync`, following new rows, one way',
    short: 'sync, following',
    row: RECORD,
    shared: false,
    connections: { source: 1, target: 1 },
  },
  'ingest-files': {
    title: '`ingest` from files',
    short: 'ingest, files',
    row: SCAN,
    shared: false,
    connections: { source: 0, target: 4 },
  },
  'ingest-kurrentdb': {
    title: '`ingest` from KurrentDB, catch-up',
    short: 'ingest, KurrentDB, catch-up',
    row: SCAN,
    shared: false,
    connections: { source: 0, target: 1 },
    broker: KURRENTDB,
  },
  'ingest-kurrentdb-group': {
    title: '`ingest` from KurrentDB, persistent subscription',
    short: 'ingest, KurrentDB, shared',
    row: SCAN,
    shared: true,
    connections: { source: 0, target: 4 },
    broker: KURRENTDB,
  },
  'ingest-pubsub': {
    title: '`ingest` from Pub/Sub',
    short: 'ingest, Pub/Sub',
    row: SCAN,
    shared: true,
    connections: { source: 0, target: 4 },
    broker: PUBSUB,
  },
  'ingest-kafka': {
    title: '`ingest` from Kafka',
    short: 'ingest, Kafka',
    row: SCAN,
    shared: true,
    connections: { source: 0, target: 4 },
    broker: KAFKA,
  },
  feed: {
    title: '`feed`, JSON and gzip, with a `map`',
    short: 'feed, JSON and gzip',
    row: 'a facility, 11 columns, some 280 bytes of JSON',
    shared: false,
    connections: { source: 1, target: 0 },
  },
  'check-equal': {
    title: '`check.tables`, equal tables',
    short: 'check.tables, equal',
    row: RECORD,
    shared: true,
    connections: { source: 3, target: 3 },
  },
  'check-different': {
    title: '`check.tables`, 1 % of the rows differ',
    short: 'check.tables, 1 % differs',
    row: RECORD,
    shared: true,
    connections: { source: 3, target: 3 },
  },
  'check-references': {
    title: '`check.references`, four tables',
    short: 'check.references',
    row: 'a reference, with an index',
    shared: false,
    connections: { source: 4, target: 0 },
  },
}
