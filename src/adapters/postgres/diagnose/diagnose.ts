import type { TableUse } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import type { NamedTable } from '../handle.js'
import { findings, type Patient, type TablePatient } from './finding.js'
import { diagnoseRights, diagnoseSchemas, diagnoseState } from './rights.js'
import {
  askWho,
  diagnoseIdentity,
  diagnoseSettings,
  diagnoseStandby,
  diagnoseTls,
  diagnoseTransactions,
} from './server.js'
import { diagnoseColumns, diagnoseConstraints, diagnoseSequences, diagnoseStorage, diagnoseTriggers } from './traits.js'

type Aspect<Subject> = (patient: Subject) => Promise<readonly Diagnosis[]>

const MIRROR_DATABASE: readonly Aspect<Patient>[] = [
  diagnoseSettings,
  diagnoseState,
  (patient) => diagnoseTransactions(patient),
]
const READ_TABLE: readonly Aspect<TablePatient>[] = [diagnoseRights, diagnoseSchemas]
const MIRROR_TABLE: readonly Aspect<TablePatient>[] = [
  ...READ_TABLE,
  diagnoseTriggers,
  diagnoseConstraints,
  diagnoseStorage,
  diagnoseSequences,
]

/** What would stop or slow a use of the table, one aspect after the other. Changes nothing. */
export async function diagnoseTable(
  ref: NamedTable,
  use: TableUse,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const { database } = ref
  return findings(database.label, async () => {
    const identity = await database.identify(signal)
    if (identity.readOnly && use === 'mirror') return [diagnoseStandby(database, identity)]
    const patient = await askWho(database, signal)
    const server = [...diagnoseIdentity(patient, identity), diagnoseTls(database)]
    const around = use === 'mirror' ? await examine(MIRROR_DATABASE, patient, database.label) : []
    return [...server, ...around, ...(await diagnoseOpened(ref, use, patient))]
  })
}

async function diagnoseOpened(ref: NamedTable, use: TableUse, patient: Patient): Promise<readonly Diagnosis[]> {
  const subject = `${ref.database.label} ${ref.name}`
  const open = async (): Promise<readonly Diagnosis[]> => {
    const { info, label } = await ref.open(patient.signal)
    const opened: TablePatient = { ...patient, info, label, writes: use === 'mirror' }
    const found = await examine(use === 'mirror' ? MIRROR_TABLE : READ_TABLE, opened, label)
    return [...diagnoseColumns(opened), ...found]
  }
  return findings(subject, open, patient.role)
}

/** One after the other: a doctor should not take all connections of the pool. */
async function examine<Subject extends Patient>(
  aspects: readonly Aspect<Subject>[],
  patient: Subject,
  subject: string,
): Promise<readonly Diagnosis[]> {
  const found: Diagnosis[] = []
  for (const aspect of aspects) found.push(...(await findings(subject, () => aspect(patient), patient.role)))
  return found
}
