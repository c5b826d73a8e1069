import type { Diagnosis } from '../../core/diagnosis.js'
import { ConfigError } from '../../core/errors.js'
import type { Address } from './address.js'
import type { Connection } from './connection.js'
import { groupInfo } from './group-admin.js'
import { Log } from './log.js'
import type { Group, Settings } from './options.js'

/** Deliveries below this are used up by a target that is down for a while, or by some restarts. */
const FEW_RETRIES = 100

/** What would stop reading: the way to the server, the stream, the group. Changes nothing. */
export async function diagnoseStream(
  connection: Connection,
  settings: Settings & { readonly address: Address | undefined },
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const subject = connection.label
  const encryption = diagnoseTls(settings.address)
  try {
    const last = await new Log(connection, settings).last(signal)
    const message =
      last === undefined ? `there is no event in ${settings.stream} yet` : `${settings.stream} can be read`
    const level = last === undefined ? 'warn' : 'ok'
    const { group } = settings
    const more = group === undefined ? [] : [await diagnoseGroup(connection, { ...settings, group }, signal)]
    return [...encryption, { level, subject, message }, ...more]
  } catch (error) {
    return [...encryption, failure(subject, error)]
  }
}

function diagnoseTls(address: Address | undefined): readonly Diagnosis[] {
  if (address === undefined || address.local || address.tls === 'verified') return []
  const plain = address.tls === 'off'
  const message = plain ? 'not encrypted: events can be read on the way' : 'the certificate is not checked'
  const fix = plain ? 'Remove tls=false from the url.' : 'Remove tlsVerifyCert=false from the url; set tlsCAFile.'
  return [{ level: 'warn', subject: address.label, message, fix }]
}

async function diagnoseGroup(
  connection: Connection,
  settings: Settings & { readonly group: Group },
  signal: AbortSignal,
): Promise<Diagnosis> {
  const { group } = settings
  const subject = `${connection.label} group ${group.name}`
  try {
    const { maxRetryCount, messageTimeout } = (await groupInfo(connection, settings, signal)).settings
    if (maxRetryCount >= FEW_RETRIES) return { level: 'ok', subject, message: 'the group is there' }
    return {
      level: 'warn',
      subject,
      message: `after ${maxRetryCount} deliveries, each for ${messageTimeout} ms, the server parks an event and gives it out no more: some restarts, or a target that is down, are enough`,
      fix: 'Set maxRetryCount of the group to a great number, and replay what is parked.',
    }
  } catch (error) {
    if (group.create && error instanceof ConfigError && error.code === 'group-missing') {
      return { level: 'ok', subject, message: 'the group is missing and will be created' }
    }
    return failure(subject, error)
  }
}

function failure(subject: string, error: unknown): Diagnosis {
  if (error instanceof ConfigError) return { level: 'error', subject, message: error.problem, fix: error.fix }
  return { level: 'error', subject, message: error instanceof Error ? error.message : 'failed' }
}
