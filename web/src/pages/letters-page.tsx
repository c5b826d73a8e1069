import type { FlowSummary, LetterStage, LetterState } from 'lockstep/client'
import { useState } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { useFlows, useLetters } from '../data/queries.js'
import { count } from '../format.js'
import { chosenFlow, FlowTabs } from '../parts/flow-tabs.js'
import { LetterActions } from '../parts/letter-actions.js'
import { LetterSheet } from '../parts/letter-sheet.js'
import { LetterTable } from '../parts/letter-table.js'
import { Loading } from '../parts/loading.js'
import { Paged } from '../parts/paged.js'
import { Nothing } from '../parts/panel.js'
import { ProblemNote } from '../parts/problem-note.js'

/** Messages that could not be stored: why, what is in them, and another try. */
export function LettersPage() {
  const named = useRoute().params['flow']
  const { data, error } = useFlows()
  if (data === undefined) return error ? <ProblemNote error={error} /> : <Loading />
  const flows = data.filter(
    ({ kind, stored }) => kind === 'ingest' || kind === 'relay' || (stored?.deadLetters ?? 0) > 0,
  )
  const flow = chosenFlow(flows, named, ({ stored }) => stored?.deadLetters ?? 0)
  return (
    <>
      <h1 class="mb-1 text-2xl font-semibold tracking-tight">Dead letters</h1>
      <p class="mb-4 max-w-2xl text-muted">
        Messages that could not be stored, kept as they came. Once the cause is mended, replay sends them through the
        whole flow again.
      </p>
      <FlowTabs
        label="Flows with dead letters"
        page="dead-letters"
        flows={flows}
        chosen={flow?.name}
        figure={({ stored }) => (stored === null ? '' : count(stored.deadLetters))}
      />
      {flow === undefined ? (
        <Nothing>No flow of this config keeps dead letters.</Nothing>
      ) : (
        <Letters key={flow.name} flow={flow} />
      )}
    </>
  )
}

const STATES: readonly { readonly value: LetterState; readonly label: string }[] = [
  { value: 'dead', label: 'dead' },
  { value: 'held', label: 'held' },
  { value: 'replayed', label: 'replayed' },
  { value: 'discarded', label: 'discarded' },
]
const STAGES: readonly LetterStage[] = ['decode', 'validate', 'map', 'write']

function Letters({ flow }: { readonly flow: FlowSummary }) {
  const [state, setState] = useState<LetterState>('dead')
  const [stage, setStage] = useState<LetterStage>()
  const [code, setCode] = useState('')
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [open, setOpen] = useState<string>()
  const query = {
    state: [state],
    ...(stage === undefined ? {} : { stage: [stage] }),
    ...(code === '' ? {} : { code: [code] }),
  }
  const pages = useLetters(flow.name, query)
  const letters = pages.data?.pages.flatMap((page) => page.items) ?? []
  const settled = () => {
    setPicked(new Set())
    setOpen(undefined)
  }
  return (
    <div class="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2">
      <section class="panel min-w-0 overflow-hidden" aria-label={`Dead letters of ${flow.name}`}>
        <div class="flex flex-wrap items-end gap-3 border-b border-line px-4 py-3">
          <Choice label="State" value={state} options={STATES} onChange={(value) => setState(value)} />
          <Choice
            label="Stage"
            value={stage ?? ''}
            options={[{ value: '' as const, label: 'any' }, ...STAGES.map((value) => ({ value, label: value }))]}
            onChange={(value) => setStage(value === '' ? undefined : value)}
          />
          <label class="min-w-0 flex-1 basis-36">
            <span class="block text-xs text-muted">Code</span>
            <input
              class="field w-full"
              placeholder="any"
              list="codes"
              value={code}
              onInput={(event) => setCode(event.currentTarget.value.trim())}
            />
          </label>
          <datalist id="codes">
            {[...new Set(letters.map((letter) => letter.code))].map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </div>
        <LetterActions flow={flow} letters={letters.length} picked={picked} filter={query} settled={settled} />
        <Paged pages={pages} items={letters.length} nothing="None in this state: nothing to do here.">
          <LetterTable letters={letters} picked={picked} pick={setPicked} open={open} show={setOpen} />
        </Paged>
      </section>
      {open === undefined ? (
        <p class="hidden rounded-lg border border-dashed border-line p-10 text-center text-muted lg:block">
          Choose a letter to see what is in it.
        </p>
      ) : (
        <div class="order-first lg:order-none">
          <LetterSheet key={open} flow={flow.name} id={open} close={() => setOpen(undefined)} />
        </div>
      )}
    </div>
  )
}

interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  onChange(value: Value): void
}

function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <label>
      <span class="block text-xs text-muted">{label}</span>
      <select
        class="field"
        value={value}
        onChange={(event) => {
          const chosen = options[event.currentTarget.selectedIndex]
          if (chosen !== undefined) onChange(chosen.value)
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  )
}
