import { ProblemError } from 'lockstep/client'
import { LocationProvider, Route, Router } from 'preact-iso'
import { useAbout } from './data/queries.js'
import { CheckPage } from './pages/check-page.js'
import { ChecksPage } from './pages/checks-page.js'
import { ConflictsPage } from './pages/conflicts-page.js'
import { FeedPage } from './pages/feed-page.js'
import { FeedRunPage } from './pages/feed-run-page.js'
import { FeedsPage } from './pages/feeds-page.js'
import { FlowPage } from './pages/flow-page.js'
import { LettersPage } from './pages/letters-page.js'
import { NotFoundPage } from './pages/not-found-page.js'
import { OverviewPage } from './pages/overview-page.js'
import { SignInPage } from './pages/sign-in-page.js'
import { Shell } from './parts/shell.js'

export function App() {
  const about = useAbout()
  if (about.error instanceof ProblemError && about.error.status === 401) return <SignInPage />
  return (
    <LocationProvider>
      <Shell about={about.data}>
        <Router>
          <Route path="/" component={OverviewPage} />
          <Route path="/flows/:flow" component={FlowPage} />
          <Route path="/dead-letters/:flow?" component={LettersPage} />
          <Route path="/checks/:flow?" component={ChecksPage} />
          <Route path="/checks/:flow/:id" component={CheckPage} />
          <Route path="/feeds/:flow?" component={FeedsPage} />
          <Route path="/feeds/:flow/:sequence" component={FeedPage} />
          <Route path="/feeds/:flow/runs/:run" component={FeedRunPage} />
          <Route path="/conflicts/:flow?" component={ConflictsPage} />
          <Route default component={NotFoundPage} />
        </Router>
      </Shell>
    </LocationProvider>
  )
}
