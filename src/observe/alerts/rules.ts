import type { AlertRules, AlertSettings, AlertSink, FlowAlert } from '../../core/alert.js'

/** How alerts are told, with all defaults filled in. In ms. */
export interface AlertPolicy {
  readonly groupMs: number
  readonly repeat: { readonly firstMs: number; readonly maxMs: number }
}

const POLICY: AlertPolicy = { groupMs: 10_000, repeat: { firstMs: 3_600_000, maxMs: 86_400_000 } }

export function policyOf(settings: AlertSettings = {}): AlertPolicy {
  const { groupMs = POLICY.groupMs, repeat = {} } = settings
  const { firstMs = POLICY.repeat.firstMs, maxMs = POLICY.repeat.maxMs } = repeat
  return { groupMs, repeat: { firstMs, maxMs: Math.max(firstMs, maxMs) } }
}

/** When a flow alerts: as it says itself, else as the config does. */
export function rulesOf(settings: AlertSettings = {}, own: FlowAlert | undefined): AlertRules {
  const { stopped = true, lagAboveMs, forMs = 300_000, deadLettersAbove, checkDifferent, feedRefused = true } = settings
  return {
    stopped,
    lagAboveMs: lagAboveMs === false ? undefined : lagAboveMs,
    forMs,
    deadLettersAbove: deadLettersAbove === false ? undefined : deadLettersAbove,
    checkDifferent: checkDifferent === false ? undefined : typeof checkDifferent === 'number' ? checkDifferent : 1,
    feedRefused,
    ...own?.rules,
  }
}

/** Where the alerts of a flow go; none when it does not alert. */
export function sinksOf(settings: AlertSettings = {}, own: FlowAlert | undefined): readonly AlertSink[] {
  if (own?.on === false) return []
  const to = own?.to ?? settings.to ?? []
  return [...new Set('send' in to ? [to] : to)]
}
