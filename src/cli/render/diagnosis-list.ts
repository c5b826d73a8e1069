import type { Diagnosis } from '../../core/diagnosis.js'
import { plural } from './format.js'
import { renderAdvice } from './index-advice.js'
import type { Paint } from './paint.js'

export interface FlowDiagnoses {
  readonly flow: string
  readonly diagnoses: readonly Diagnosis[]
}

/** What `lockstep doctor` says: per flow one line per thing looked at, its fix below, and a sum at the end. */
export function renderDiagnoses(flows: readonly FlowDiagnoses[], paint: Paint): string {
  const blocks = flows.map(({ flow, diagnoses }) => {
    const lines = diagnoses.flatMap((diagnosis) => renderDiagnosis(diagnosis, paint))
    return [paint.bold(flow), ...(lines.length > 0 ? lines : [paint.dim('  nothing to look at')])].join('\n')
  })
  const all = flows.flatMap(({ diagnoses }) => diagnoses)
  const errors = all.filter(({ level }) => level === 'error').length
  const warnings = all.filter(({ level }) => level === 'warn').length
  const sum =
    errors + warnings === 0 ? paint.green('all is well') : `${plural(errors, 'error')}, ${plural(warnings, 'warning')}`
  return [...blocks, sum].join('\n\n')
}

function renderDiagnosis(diagnosis: Diagnosis, paint: Paint): readonly string[] {
  const mark = { ok: paint.green('ok   '), warn: paint.yellow('warn '), error: paint.red('error') }[diagnosis.level]
  const lines = [`  ${mark}  ${paint.dim(`${diagnosis.subject}:`)} ${diagnosis.message}`]
  if (diagnosis.index !== undefined)
    lines.push(...renderAdvice(diagnosis.index).map((line) => paint.dim(`         ${line}`)))
  if (diagnosis.fix !== undefined) lines.push(`         fix: ${diagnosis.fix.replaceAll('\n', '\n              ')}`)
  return lines
}
