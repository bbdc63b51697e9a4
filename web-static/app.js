import { Loading, Page } from './components/page.js';
import { ProblemNotice } from './components/problem.js';
import { Shell } from './components/shell.js';
import { startKeys } from './lib/keys.js';
import { html, render, useEffect, useErrorBoundary, useState } from './lib/preact.js';
import { match, navigate, startRouter, usePlace } from './lib/router.js';
import { loadSession, session } from './lib/session.js';
import { useStore } from './lib/store.js';

// Pages are loaded when they are first opened.
const routes = [
    { pattern: '/catalog', load: () => import('./pages/catalog.js') },
    { pattern: '/catalog/items/{id}', load: () => import('./pages/item.js') },
    { pattern: '/requests', load: () => import('./pages/requests.js') },
    { pattern: '/requests/{id}', load: () => import('./pages/request.js') },
    { pattern: '/approvals', load: () => import('./pages/approvals.js') },
    { pattern: '/insights', load: () => import('./pages/insights.js') },
    { pattern: '/workshop', load: () => import('./pages/workshop.js') },
    { pattern: '/workshop/rules', load: () => import('./pages/rules.js') },
    { pattern: '/tickets', load: () => import('./pages/tickets.js') },
    { pattern: '/instances', load: () => import('./pages/instances.js') },
    { pattern: '/instances/{id}', load: () => import('./pages/instance.js') },
];
const signInRoute = { pattern: '/sign-in', load: () => import('./pages/sign-in.js') };

function routeOf(path) {
    for (const route of routes) {
        const parameters = match(route.pattern, path);
        if (parameters) return { route, parameters };
    }
    return { parameters: {} };
}

/** Only paths of this dashboard: never an address that a link from outside made up. */
const returnPath = (text) => (/^\/(?![/\\])/.test(text ?? '') ? text : '/catalog');

function App() {
    const { path, query } = usePlace();
    const { state } = useStore(session);
    const isSignIn = path === '/sign-in';
    useEffect(() => {
        if (path === '/') navigate('/catalog', { replace: true });
        if (state === 'signed-in' && isSignIn) navigate(returnPath(query.return), { replace: true });
        if (state === 'signed-out' && !isSignIn) {
            const back = path === '/' ? '' : `?return=${encodeURIComponent(path + location.search)}`;
            navigate(`/sign-in${back}`, { replace: true });
        }
    }, [path, state]);
    if (state === 'loading') return null;
    if (isSignIn || state === 'signed-out') return html`<${Lazy} route=${signInRoute} parameters=${{}} />`;
    const { route, parameters } = routeOf(path);
    return html`
        <${Shell} path=${path}>
            ${route ? html`<${Lazy} key=${path} route=${route} parameters=${parameters}
                query=${query} />` : path !== '/' && html`<${NotFound} />`}
        <//>`;
}

const loaded = new Map();

/** A page module, loaded once; its default export is the page. */
function Lazy({ route, parameters, query }) {
    const [, setLoaded] = useState();
    const [problem, setProblem] = useState();
    const [error] = useErrorBoundary(console.error);
    const ThePage = loaded.get(route);
    useEffect(() => {
        if (ThePage) return;
        route.load().then((module) => {
            loaded.set(route, module.default);
            setLoaded(route);
        }, setProblem);
    }, [route]);
    if (error || problem) return html`<${Broken} />`;
    return ThePage ? html`<${ThePage} ...${parameters} query=${query ?? {}} />` : html`<div class="page"><${Loading} /></div>`;
}

const Broken = () => html`
    <${Page} title="This page could not be shown">
        <${ProblemNotice} problem=${{ title: 'The page stopped working', detail: 'What you entered is kept as a draft. Reload to go on.' }}
            retry=${() => location.reload()} />
    <//>`;

const NotFound = () => html`<${Page} title="Not found"><p>There is no such page. <a href="/catalog">Go to the catalog</a>.</p><//>`;

startRouter();
startKeys();
render(html`<${App} />`, document.getElementById('app'));
loadSession();
