import type { About, FlowKind } from 'lockstep/client'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useFlows } from '../data/queries.js'
import { type Connection, useSession } from '../data/session.js'
import { keepTheme, startTheme } from '../data/theme.js'
import { count } from '../format.js'
import { Keys } from './keys.js'

const PLACES = [
  { path: '/', label: 'Overview', key: 'o' },
  { path: '/dead-letters', label: 'Dead letters', key: 'd' },
  { path: '/checks', label: 'Checks', key: 'c' },
  { path: '/feeds', label: 'Feeds', key: 'f' },
  { path: '/conflicts', label: 'Conflicts', key: 'x' },
] as const

interface Props {
  readonly about: About | undefined
  readonly children: ComponentChildren
}

/** What is around every page: where one is, where one can go, and whether what is shown is fresh. */
export function Shell({ about, children }: Props) {
  const { path } = useLocation()
  const { connection } = useSession()
  const waiting = useWaiting()
  const places = useRef<HTMLUListElement>(null)
  useEffect(() => {
    document.title = `${titleOf(path)} · Lockstep`
    // On a telephone the pages do not fit side by side.
    places.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [path])
  return (
    <div class="min-h-dvh">
      <a href="#main" class="sr-only focus:not-sr-only focus:absolute focus:z-10 focus:bg-panel focus:p-3">
        Skip to content
      </a>
      <header class="border-b border-line bg-panel">
        <div class="mx-auto flex max-w-6xl flex-wrap items-center gap-x-6 px-4">
          <a href="/" class="flex items-center gap-2 py-3 font-semibold text-ink no-underline">
            <img src="/logo.svg" alt="" width="24" height="24" />
            Lockstep
          </a>
          <div class="order-2 ml-auto flex items-center gap-3 sm:order-3">
            <Live connection={connection} />
            <ThemeButton />
          </div>
          <nav
            aria-label="Pages"
            class="order-3 -mx-4 w-[calc(100%+2rem)] overflow-x-auto px-4 sm:order-2 sm:mx-0 sm:w-auto sm:px-0"
          >
            <ul ref={places} class="flex gap-1">
              {PLACES.map(({ path: to, label }) => (
                <li key={to}>
                  <a
                    href={to}
                    aria-current={isAt(path, to) ? 'page' : undefined}
                    class={`block whitespace-nowrap border-b-2 px-2.5 py-3 no-underline ${isAt(path, to) ? 'border-accent font-medium text-ink' : 'border-transparent text-muted hover:text-ink'}`}
                  >
                    {label}
                    <Waiting items={waiting[to]} />
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        </div>
      </header>
      <main id="main" class="mx-auto max-w-6xl px-4 py-6">
        {children}
      </main>
      <footer class="mx-auto max-w-6xl px-4 pb-8 text-xs text-muted">
        {about === undefined ? null : (
          <p>
            Lockstep {about.version}.{' '}
            {about.mode === 'run'
              ? 'Flows run in this process.'
              : 'Flows run elsewhere; this is what they told their state tables.'}
            {about.readOnly ? ' Nothing can be changed from here.' : ''} All times are UTC. Press{' '}
            <kbd class="mono">?</kbd> for keys.
          </p>
        )}
      </footer>
      <Keys places={PLACES} />
    </div>
  )
}

function titleOf(path: string): string {
  const place = PLACES.find((one) => isAt(path, one.path))
  if (place !== undefined) return place.label
  const [, flow] = /^\/flows\/([^/]+)/.exec(path) ?? []
  return flow === undefined ? 'Nothing here' : decodeURIComponent(flow)
}

function isAt(path: string, place: string): boolean {
  return place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`)
}

function useWaiting(): Readonly<Record<string, number>> {
  const { data = [] } = useFlows()
  const wanting = (kind: FlowKind) =>
    data.filter((flow) => flow.kind === kind && (flow.condition === 'attention' || flow.condition === 'broken')).length
  return {
    '/checks': wanting('check'),
    '/feeds': wanting('feed'),
    '/dead-letters': data.reduce((sum, flow) => sum + (flow.stored?.deadLetters ?? 0), 0),
    '/conflicts': data.reduce((sum, flow) => sum + (flow.stored?.conflicts ?? 0), 0),
  }
}

function Waiting({ items = 0 }: { readonly items: number | undefined }) {
  if (items === 0) return null
  return (
    <span class="figure ml-1.5 rounded-full bg-warn-soft px-1.5 text-xs font-semibold text-warn" title="want a look">
      {count(items)}
    </span>
  )
}

const LIVE: Record<Connection, { readonly dot: string; readonly word: string }> = {
  connecting: { dot: 'bg-line-strong', word: 'connecting' },
  live: { dot: 'bg-good', word: 'live' },
  lost: { dot: 'bg-bad', word: 'no answer, trying again' },
}

function Live({ connection }: { readonly connection: Connection }) {
  const { dot, word } = LIVE[connection]
  return (
    <p role="status" class="flex items-center gap-2 text-xs text-muted">
      <span class={`size-2 rounded-full ${dot}`} aria-hidden="true" />
      {word}
    </p>
  )
}

function ThemeButton() {
  const [theme, setTheme] = useState(startTheme)
  const next = theme === 'dark' ? 'light' : 'dark'
  return (
    <button
      type="button"
      class="rounded-md px-2 py-1 text-xs text-muted hover:text-ink"
      aria-label={`Show in ${next} colours`}
      onClick={() => {
        keepTheme(next)
        setTheme(next)
      }}
    >
      {theme === 'dark' ? '☀' : '☾'}
    </button>
  )
}
