import { type QueryClient, useQueryClient } from '@tanstack/preact-query'
import { type LiveEvent, LockstepClient } from 'lockstep/client'
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useEffect, useMemo, useState } from 'preact/hooks'

const KEY = 'lockstep-token'

export type Connection = 'connecting' | 'live' | 'lost'

interface Session {
  readonly client: LockstepClient
  readonly connection: Connection
  /** Where the server still asks for one, it refuses this. */
  readonly hasToken: boolean
  /** Kept for this tab only. */
  signIn(token: string): void
}

const Context = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(Context)
  if (session === undefined) throw new Error('outside of SessionProvider')
  return session
}

/** Holds the client and keeps the queries fresh by the server's live stream. */
export function SessionProvider({ children }: { readonly children: ComponentChildren }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY) ?? undefined)
  const client = useMemo(() => new LockstepClient(token === undefined ? {} : { token }), [token])
  const queries = useQueryClient()
  const connection = useLive(client, queries)
  const signIn = (given: string) => {
    sessionStorage.setItem(KEY, given)
    setToken(given)
    void queries.resetQueries()
  }
  const session = { client, connection, hasToken: token !== undefined, signIn }
  return <Context.Provider value={session}>{children}</Context.Provider>
}

const AGAIN_MS = 2_000

function useLive(client: LockstepClient, queries: QueryClient): Connection {
  const [connection, setConnection] = useState<Connection>('connecting')
  useEffect(() => {
    const stop = new AbortController()
    const follow = async () => {
      while (!stop.signal.aborted) {
        try {
          for await (const event of client.events({ signal: stop.signal })) {
            setConnection('live')
            take(event, queries)
          }
        } catch {
          // The next round tells whether it is back.
        }
        if (stop.signal.aborted) return
        setConnection('lost')
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
        void queries.invalidateQueries()
      }
    }
    void follow()
    return () => stop.abort()
  }, [client, queries])
  return connection
}

function take(event: LiveEvent, queries: QueryClient): void {
  switch (event.type) {
    case 'flows':
      queries.setQueryData(['flows'], event.flows)
      return
    case 'happening':
      void queries.invalidateQueries({ queryKey: ['flow', event.happening.flow] })
      return
    case 'reset':
      void queries.invalidateQueries()
  }
}
