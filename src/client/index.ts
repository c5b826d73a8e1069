/** `lockstep/client`: the HTTP API from TypeScript, in browsers and in Node. */
export { type ClientOptions, LockstepClient, type PageQuery } from './client.js'
export type { LiveOptions, ReceivedEvent } from './live-events.js'
export { ProblemError } from './problem-error.js'
export type { CheckFinding, CheckRun, CheckSource } from './wire/checks.js'
export type { Feed, FeedDetail, FeedFile, FeedProblem } from './wire/feeds.js'
export type {
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
