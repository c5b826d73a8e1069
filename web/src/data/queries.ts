import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/preact-query'
import type { LetterQuery, Page } from 'lockstep/client'
import { useSession } from './session.js'

/** What changes with every batch is asked for this often; the list of flows comes by the live stream. */
const OFTEN_MS = 2_000

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
  return useQuery({ queryKey: ['flow', flow, 'happenings'], queryFn: () => client.happenings(flow, 30) })
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

function usePages<Item>(key: readonly unknown[], read: (cursor: string | undefined) => Promise<Page<Item>>) {
  return useInfiniteQuery({
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

export function useFeed(flow: string, sequence: number) {
  const { client } = useSession()
  return useQuery({ queryKey: ['feed', flow, sequence], queryFn: () => client.feed(flow, sequence) })
}
