/** `lockstep/client`: the HTTP API from TypeScript, in browsers and in Node. */
export { type ClientOptions, type HappeningQuery, LockstepClient, type PageQuery, type RepairChoice } from './client.js'
export type { LiveOptions, ReceivedEvent } from './live-events.js'
export { ProblemError } from './problem-error.js'
export type { CheckFinding, CheckRun, CheckSource, RepairSql } from './wire/checks.js'
export type { Feed, FeedDetail, FeedFile, FeedProblem, FeedRejection, FeedReport, FeedRun } from './wire/feeds.js'
export type {
  AlertTest,
  AlertTestResult,
  Checkpoint,
  FlowAction,
  FlowCondition,
  FlowConfig,
  FlowDetail,
  FlowError,
  FlowHappening,
  FlowKind,
  FlowLane,
  FlowNotice,
  FlowRun,
  FlowRunEnd,
  FlowSeries,
  FlowState,
  FlowStored,
  FlowSummary,
  FlowTrend,
  FlowUnhealthy,
  FlowVerdict,
} from './wire/flow.js'
export type {
  ConflictEntry,
  Discard,
  Letter,
  LetterChoice,
  LetterDetail,
  LetterQuery,
  LetterStage,
  LetterState,
  Replay,
} from './wire/letters.js'
export type { About, LiveEvent, Page, Problem, Readiness } from './wire/server.js'
