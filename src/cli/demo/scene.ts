import type { Stage } from './stage.js'

/** What a scene found, for the verdict and for `--json`. */
export interface SceneResult {
  /** Every check of the scene agreed that nothing was lost, and that what is there is right. */
  readonly identical: boolean
  readonly summary: Readonly<Record<string, unknown>>
}

/** A config as a scene plays it. */
export interface Played {
  /** Absolute path. */
  readonly config: string
  readonly env: Readonly<Record<string, string>>
}

/** One flow shown at work. A demo is a list of them; each is prepared once and then played, in rounds. */
export interface Scene extends AsyncDisposable {
  /** As in the config and in `--json`. */
  readonly name: string
  /** One line for people. */
  readonly title: string
  /** Starts what the scene needs; called once. */
  prepare(stage: Stage): Promise<void>
  /** For the dashboard; after `prepare`. */
  played(): Played
  /** Puts the flow under work and waits until it is done; returns early when `stage.ended` aborts. */
  run(stage: Stage): Promise<void>
  /** Looks at what `run` left behind, with the product and without it. */
  verify(stage: Stage): Promise<SceneResult>
}
