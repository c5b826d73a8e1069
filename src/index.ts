/** The public face of `lockstep`; adapters have their own (`lockstep/postgres`, `lockstep/memory`), and so has `lockstep/env`. */
export { type Config, defineConfig, type LogLevel } from './config/define-config.js'
export type {
  Alert,
  AlertKind,
  AlertMessage,
  AlertSettings,
  AlertSink,
  CheckAlert,
  FeedAlert,
  StreamAlert,
} from './core/alert.js'
export type { Checkpoints, Lane, Position } from './core/batch.js'
export type { CachedVersion, CacheEntry, VersionCache } from './core/cache.js'
export type {
  CheckFinding,
  CheckRun,
  CheckRunState,
  CheckStore,
  CheckSubject,
  FindingKind,
  StoredFinding,
} from './core/check-store.js'
export type { ColumnRef, Database, DatabaseIdentity, TableOptions, TableRef } from './core/database.js'
export type { DeadLetter, DeadLetterStore, LetterFilter, StoredLetter } from './core/dead-letter.js'
export type { Diagnosis, GrantList } from './core/diagnosis.js'
export type { Difference } from './core/difference.js'
export {
  ConfigError,
  ConflictError,
  DataError,
  EXIT,
  type ExitCode,
  exitCodeOf,
  LockstepError,
  UnavailableError,
} from './core/errors.js'
export type {
  CheckOptions,
  CheckReport,
  Flow,
  FlowContext,
  FlowKind,
  ReferenceFinding,
  ReferenceSource,
  ReferencesReport,
  ReplayReport,
  TablesReport,
} from './core/flow.js'
export type { Aggregate, ColumnOptions } from './core/groups.js'
export type { Message, OutgoingMessage } from './core/message.js'
export type { ConflictRule } from './core/mirror.js'
export {
  isObjectName,
  type ObjectStore,
  type ObjectWriter,
  type PutOptions,
  type StoredObject,
} from './core/object-store.js'
export type { FlowEvent, Observer } from './core/observer.js'
export type { Schedule, ScheduleOptions } from './core/schedule.js'
export { Secret } from './core/secret.js'
export type { Conflict, LastRun, RunRecord, StateStore } from './core/state.js'
export type { BatchLimits, MessageTarget, Stream } from './core/stream.js'
export type { Column, Row, TableSchema } from './core/table.js'
export { check } from './flows/check/check.js'
export { count, max, min, sum } from './flows/check/references/aggregates.js'
export type { ReferencesCheck } from './flows/check/references/options.js'
export {
  type ActionsCenterFeed,
  type ActionsCenterOptions,
  actionsCenter,
} from './flows/feed/actions-center/actions-center.js'
export type {
  ActionsCenterAddress,
  ActionsCenterEntity,
  ActionsCenterLocation,
} from './flows/feed/actions-center/entity.js'
export { feed } from './flows/feed/feed.js'
export { type CsvOptions, csv, type Format, type JsonOptions, json, ndjson } from './flows/feed/format.js'
export type { FeedConsistency, FeedOptions, SinceOptions } from './flows/feed/options.js'
export type { ParquetType } from './flows/feed/parquet/column-type.js'
export { type ParquetOptions, parquet } from './flows/feed/parquet/parquet.js'
export { ingest } from './flows/ingest/ingest.js'
export type { DecodeLimits, IngestCommon, IngestRoute } from './flows/ingest/options.js'
export type { RelayOptions } from './flows/relay/options.js'
export { relay } from './flows/relay/relay.js'
export type { ConflictPolicy } from './flows/sync/settings.js'
export { type SyncOptions, type SyncSides, sync } from './flows/sync/sync.js'
