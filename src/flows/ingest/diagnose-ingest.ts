import type { Diagnosis } from '../../core/diagnosis.js'
import type { IngestSettings } from './ingest-settings.js'

/** What would stop or slow the flow: its stream, its tables, the place of its dead letters. Nothing is changed. */
export async function diagnoseIngest(settings: IngestSettings, signal: AbortSignal): Promise<readonly Diagnosis[]> {
  const { from, destination, letters } = settings
  const found = await Promise.all([
    from.diagnose(signal),
    ...destination.tables.map((table) => table.diagnose('upsert', signal)),
    letters.kind === 'target' ? letters.target.diagnose(signal) : [],
  ])
  return found.flat()
}
