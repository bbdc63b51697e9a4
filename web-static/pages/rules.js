import { Markdown } from '../components/markdown.js';
import { Loading, Page } from '../components/page.js';
import { ProblemNotice } from '../components/problem.js';
import { html, useEffect, useState } from '../lib/preact.js';

const crumbs = [{ name: 'Workshop', href: '/workshop' }];

/** What a rule of findings means: its section of docs/rules.md, which the binary carries. */
export default function RulesPage({ query: { rule } }) {
    const [text, setText] = useState();
    const [problem, setProblem] = useState();
    useEffect(() => {
        fetch('/rules.md').then((answer) => answer.text()).then(setText, (error) => setProblem({ detail: error.message }));
    }, []);
    const sections = (text ?? '').split(/^### /m).slice(1).map((section) => {
        const end = section.indexOf('\n');
        return { name: section.slice(0, end).trim(), text: section.slice(end).split(/^## /m)[0].trim() };
    });
    const shown = sections.filter(({ name }) => !rule || name === rule);
    return html`
        <${Page} title=${rule ?? 'Rules'} crumbs=${crumbs}>
            <${ProblemNotice} problem=${problem} />
            ${!text && !problem && html`<${Loading} />`}
            ${text && html`<div class="stack loose rules">${shown.map((section) => html`
                <section key=${section.name} aria-label=${section.name}>
                    ${!rule && html`<h2>${section.name}</h2>`}<${Markdown} text=${section.text} />
                </section>`)}
                ${shown.length === 0 && html`<p>A rule of the YAML reader: its message says all there is.</p>`}
                ${rule && html`<p><a href="/workshop/rules">All rules</a></p>`}</div>`}
        <//>`;
}
