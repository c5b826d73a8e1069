import type { TableUse } from '../../../core/database.js'
import type { Diagnosis } from '../../../core/diagnosis.js'
import type { NamedTable, PostgresHandle } from '../handle.js'
import { findings, type Patient, type TablePatient } from './finding.js'
import { describedFor } from './grants.js'
import { diagnoseDefaults, diagnoseRights, diagnoseSchemas, diagnoseState } from './rights.js'
import {
  askWho,
  diagnoseIdentity,
  diagnoseSettings,
  diagnoseStandby,
  diagnoseTls,
  diagnoseTransactions,
} from './server.js'
import {
  diagnoseColumns,
  diagnoseConstraints,
  diagnoseRules,
  diagnoseSequences,
  diagnoseStorage,
  diagnoseTriggers,
} from './traits.js'

type Aspect<Subject> = (patient: Subject) => Promise<readonly Diagnosis[]>

/** What is looked at for each use, beside the server itself. */
const ASPECTS: Readonly<
  Record<TableUse, { readonly database: readonly Aspect<Patient>[]; readonly table: readonly Aspect<TablePatient>[] }>
> = {
  read: { database: [], table: [diagnoseRights, diagnoseSchemas] },
  mirror: {
    database: [diagnoseSettings, diagnoseState, (patient) => diagnoseTransactions(patient)],
    table: [
      diagnoseRights,
      diagnoseSchemas,
      diagnoseTriggers,
      diagnoseRules,
      diagnoseConstraints,
      diagnoseStorage,
      diagnoseSequences,
    ],
  },
  upsert: {
    database: [diagnoseSettings, diagnoseState],
    table: [diagnoseRights, diagnoseSchemas, diagnoseDefaults, diagnoseRules, diagnoseStorage],
  },
}

/** What would stop or slow a use of the table, one aspect after the other. Changes nothing. */
export async function diagnoseTable(
  ref: NamedTable,
  use: TableUse,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const { database } = ref
  return findings(database.label, async () => {
    const identity = await database.identify(signal)
    if (identity.readOnly && use !== 'read') return [diagnoseStandby(database, identity)]
    const patient = await askWho(database, signal)
    const server = [...diagnoseIdentity(patient, identity), diagnoseTls(database)]
    const around = await examine(ASPECTS[use].database, patient, database.label)
    return [...server, ...around, ...(await diagnoseOpened(ref, use, patient))]
  })
}

/** What would keep flows from keeping their state in the database. */
export function diagnoseStateDatabase(database: PostgresHandle, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  return findings(database.label, async () => {
    const identity = await database.identify(signal)
    if (identity.readOnly) return [diagnoseStandby(database, identity)]
    return examine([diagnoseState], await askWho(database, signal), database.label)
  })
}

async function diagnoseOpened(ref: NamedTable, use: TableUse, patient: Patient): Promise<readonly Diagnosis[]> {
  const subject = `${ref.database.label} ${ref.name}`
  const open = async (): Promise<readonly Diagnosis[]> => {
    const info = await describedFor(ref, use, patient.signal)
    const label = `${ref.database.label} ${info.schema.name}`
    const opened: TablePatient = { ...patient, info, label, use }
    const found = await examine(ASPECTS[use].table, opened, label)
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
