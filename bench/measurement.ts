/** What a figure must reach: against its peer when it has one, else by itself. */
export type Goal =
  /** value / peer, or the value, is at most this. */
  | { readonly atMost: number }
  /** value / peer, or the value, is at least this. */
  | { readonly atLeast: number }
  /** peer / value, both being times, is at least this. */
  | { readonly timesFaster: number }

/** One figure of a benchmark, as printed and as JSON. */
export interface Measurement {
  readonly scenario: string
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** What it is compared with: a limit or another tool's way, measured in the same run. */
  readonly peer: string | undefined
  readonly peerValue: number | undefined
  readonly ratio: number | undefined
  /** For people: `<= 1.15 x`. */
  readonly goal: string
  readonly met: boolean
}

export interface Figure {
  readonly scenario: string
  readonly figure: string
  readonly value: number
  readonly unit: string
  readonly peer?: { readonly name: string; readonly value: number }
  readonly goal: Goal
}

export function measurement({ peer, goal, ...figure }: Figure): Measurement {
  const ratio =
    peer === undefined ? undefined : 'timesFaster' in goal ? peer.value / figure.value : figure.value / peer.value
  const compared = ratio ?? figure.value
  const unit = ratio === undefined ? ` ${figure.unit}` : ' x'
  const common = { ...figure, peer: peer?.name, peerValue: peer?.value, ratio }
  if ('atMost' in goal) return { ...common, goal: `<= ${goal.atMost}${unit}`, met: compared <= goal.atMost }
  if ('atLeast' in goal) return { ...common, goal: `>= ${goal.atLeast}${unit}`, met: compared >= goal.atLeast }
  return { ...common, goal: `>= ${goal.timesFaster} x faster`, met: compared >= goal.timesFaster }
}
