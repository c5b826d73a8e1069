import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/preact-query'
import { type LetterQuery, type Page, ProblemError } from 'lockstep/client'
import { useSession } from './session.js'

/** What changes with every batch is asked for this often; the list of flows comes by the live stream. */
const OFTEN_MS = 2_000

/** What does not change while the server runs. */
export function useAbout() {
  const { client } = useSession()
  return useQuery({ queryKey: ['about'], queryFn: () => client.about() })
}

export function useFlows() {
  const { client } = useSession()
  return useQuery({ queryKey: ['flows'], queryFn: () => client.flows() })
}

export function useFlow(flow: string) {
  const { client } = useSession()
  return useQuery({ queryKey: ['flow', flow, 'detail'], queryFn: () => client.flow(flow), refetchInterval: OFTEN_MS })
}

export function useSeries(flow: string, step: 1 | 10) {
  const { client } = useSession()
  return useQuery({
    queryKey: ['flow', flow, 'series', step],
    queryFn: () => client.series(flow, step),
    refetchInterval: OFTEN_MS,
    placeholderData: keepPreviousData,
  })
}

export function useHappenings(flow: string) {
  const { client } = useSession()
  // What other processes keep in the event log is told by no live event.
  return usePages(
    ['flow', flow, 'happenings'],
    (cursor) => client.happenings(flow, { limit: 30, ...(cursor === undefined ? {} : { cursor }) }),
    { refetchInterval: OFTEN_MS * 5 },
  )
}

export function useConfig(flow: string) {
  const { client } = useSession()
  return useQuery({ queryKey: ['flow', flow, 'config'], queryFn: () => client.config(flow), staleTime: Infinity })
}

export function useCheckpoints(flow: string) {
  const { client } = useSession()
  return useQuery({
    queryKey: ['flow', flow, 'checkpoints'],
    queryFn: () => client.checkpoints(flow),
    refetchInterval: OFTEN_MS * 2,
  })
}

function usePages<Item>(
  key: readonly unknown[],
  read: (cursor: string | undefined) => Promise<Page<Item>>,
  { refetchInterval = false }: { readonly refetchInterval?: number | false } = {},
) {
  return useInfiniteQuery({
    refetchInterval,
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  })
}

export function useLetters(flow: string, query: LetterQuery) {
  const { client } = useSession()
  return usePages(['flow', flow, 'letters', query], (cursor) =>
    client.letters(flow, { ...query, limit: 50, ...(cursor === undefined ? {} : { cursor }) }),
  )
}

export function useLetter(flow: string, id: string) {
  const { client } = useSession()
  return useQuery({ queryKey: ['flow', flow, 'letter', id], queryFn: () => client.letter(flow, id) })
}

export function useConflicts(flow: string) {
  const { client } = useSession()
  return usePages(['flow', flow, 'conflicts'], (cursor) =>
    client.conflicts(flow, { limit: 50, ...(cursor === undefined ? {} : { cursor }) }),
  )
}

export function useChecks(flow: string) {
  const { client } = useSession()
  return usePages(['flow', flow, 'checks'], (cursor) =>
    client.checks(flow, { limit: 30, ...(cursor === undefined ? {} : { cursor }) }),
  )
}

export function useCheck(flow: string, id: string) {
  const { client } = useSession()
  return useQuery({ queryKey: ['check', flow, id], queryFn: () => client.check(flow, id) })
}

export function useFindings(flow: string, id: string, kind: string | undefined) {
  const { client } = useSession()
  return usePages(['check', flow, id, 'findings', kind], (cursor) =>
    client.findings(flow, id, {
      limit: 50,
      ...(kind === undefined ? {} : { kind }),
      ...(cursor === undefined ? {} : { cursor }),
    }),
  )
}

export function useFeeds(flow: string) {
  const { client } = useSession()
  return usePages(['flow', flow, 'feeds'], (cursor) =>
    client.feeds(flow, { limit: 20, ...(cursor === undefined ? {} : { cursor }) }),
  )
}

export function useFeedRuns(flow: string) {
  const { client } = useSession()
  return usePages(
    ['flow', flow, 'feed-runs'],
    (cursor) => client.feedRuns(flow, { limit: 10, ...(cursor === undefined ? {} : { cursor }) }),
    { refetchInterval: OFTEN_MS * 5 },
  )
}

/** `null`: it is not kept. */
export function useFeedReport(flow: string, run: string | undefined) {
  const { client } = useSession()
  return useQuery({
    queryKey: ['flow', flow, 'feed-runs', run],
    enabled: run !== undefined,
    queryFn: () =>
      client.feedReport(flow, run ?? '').catch((error: unknown) => {
        if (error instanceof ProblemError && error.status === 404) return null
        throw error
      }),
  })
}

export function useFeed(flow: string, sequence: number) {
  const { client } = useSession()
  return useQuery({ queryKey: ['feed', flow, sequence], queryFn: () => client.feed(flow, sequence) })
}
