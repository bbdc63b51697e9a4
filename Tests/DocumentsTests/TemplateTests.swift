import Base
import Testing

@testable import Documents

private let scope = JSONScope(
    [
        "fields": [
            "name": "Ada \"x\" <b>", "replicas": 3, "ssl": true, "off": false, "empty": "", "list": ["a", "b"],
            "ports": [["port": 80], ["port": 443]],
            "none": nil, "zero": 0, "config": ["k": "v", "n": [1]], "my-key": "dashed", "price": 1.50, "environment": "prod",
            "app_name": "shop",
            "sneaky": "{{secrets.X}} ${x} %{y}", "odd key": 7, "noItems": [],
        ],
        "metadata": ["id": "redis", "tags": ["cache", "redis"], "owner": ["team": "data"]],
        "request": ["id": "req-1", "user": ["id": "ada", "email": "ada@example.com", "team": "data"], "data": ["a": 1]],
        "system": ["timestamp": "2026-11-21T10:00:00.000Z", "date": "2026-11-21", "uuid": "u-1"],
        "environment": ["REGION": "eu"], "outputs": ["provision": ["id": "res-1", "endpoint": "https://db.example.com"]],
        "components": ["db": ["id": "db", "status": "ok", "resources": ["r1", "r2"]], "web": ["id": "web", "status": "failed"]],
    ], drawn: ["uuid": "0000-1"])

private func rendered(_ text: String, _ dialect: TemplateDialect = .canonical, as context: EscapeContext = .text) throws -> String {
    try Template.parse(text, dialect: dialect).render(scope, as: context)
}

private func fault(_ text: String, _ dialect: TemplateDialect = .canonical, as context: EscapeContext = .text) -> TemplateFault? {
    do {
        _ = try Template.parse(text, dialect: dialect).render(scope, as: context)
        return nil
    } catch { return error }
}

@Suite struct TemplateTests {
    @Test(
        "renders paths, blocks and calls",
        arguments: [
            ("plain } text {", "plain } text {"), ("{{fields.replicas}}", "3"), ("{{ request.user.email }}", "ada@example.com"),
            ("{{fields.list[1]}}{{fields.list.0}}", "ba"), ("{{fields.my-key}}", "dashed"), ("{{fields['odd key']}}", "7"),
            ("{{env.REGION}}{{output.provision.id}}", "eures-1"), ("{{fields.price}}", "1.5"), ("{{fields.config}}", #"{"k":"v","n":[1]}"#),
            ("{{#if fields.ssl}}on{{/if}}", "on"), ("{{#if fields.off}}on{{else}}off{{/if}}", "off"),
            ("{{#if fields.missing}}a{{else}}b{{/if}}", "b"),
            ("{{#if fields.missing.deeper == null}}a{{/if}}", "a"), ("{{#if fields.missing > 3}}a{{else}}b{{/if}}", "b"),
            ("{{#if length(fields.missing) > 3}}a{{else}}b{{/if}}", "b"), ("{{#if fields.noItems}}a{{else}}b{{/if}}", "b"),
            ("{{#if fields.zero}}a{{else if fields.replicas == 3}}b{{else}}c{{/if}}", "b"), ("{{#unless fields.off}}x{{/unless}}", "x"),
            ("{{#each fields.list}}{{this}}{{#unless @last}},{{/unless}}{{/each}}", "a,b"),
            ("{{#each fields.ports}}{{@index}}:{{port}}{{this.port}} {{/each}}", "0:8080 1:443443 "),
            ("{{#each fields.config}}{{@key}}={{this}};{{/each}}", "k=v;n=[1];"),
            ("{{#each fields.noItems}}x{{else}}none{{/each}}", "none"),
            ("{{#each fields.nope}}x{{else}}none{{/each}}", "none"),
            ("{{#each fields.list}}{{#if @first}}({{/if}}{{this}}{{/each}}", "(ab"),
            ("a{{! comment }}b{{!-- }} --}}c", "abc"), ("a  {{~ fields.replicas ~}}  b", "a3b"), ("{{{fields.replicas}}: 1}", "{3: 1}"),
            ("{{upper(fields.environment)}}{{lower 'ABC'}}", "PRODabc"), ("{{json request.data}}", #"{"a":1}"#),
            ("{{json(fields.list)}}", #"["a","b"]"#),
            ("{{join fields.list \", \"}}", "a, b"), ("{{fields.missing | default('PLATFORM') | lower}}", "platform"),
            ("{{default fields.none 'x'}}", "x"), ("{{metadata.owner.jiraProject | default('PLATFORM')}}", "PLATFORM"),
            ("{{concat(fields.environment, \"-\", 3, true)}}", "prod-3true"), ("{{replace(metadata.id, 'r', 'R')}}", "Redis"),
            ("{{uuid()}}{{uuid}}", "0000-10000-1"), ("{{timestamp()}}", "1795255200"), ("{{date()}}", "2026-11-21"),
            ("{{date(system.timestamp, '%d.%m.%Y %H:%M')}}", "21.11.2026 10:00"), ("{{slug(' Hello, World! ')}}", "hello-world"),
            ("{{slug('Übung Größe')}}", "uebung-groesse"), ("a{{#each fields.nothing}}x{{/each}}b", "ab"),
            ("{{base64('hi')}}{{base64decode('aGk=')}}", "aGk=hi"),
            ("{{length(fields.list)}}{{length 'äö'}}{{length(fields.config)}}", "222"),
            ("{{first(fields.list)}}{{last fields.list}}", "ab"), ("{{contains(fields.list, 'a')}}{{contains 'abc' 'x'}}", "truefalse"),
            ("{{join(keys(fields.config))}}{{json(values(fields.config))}}", #"k,n["v",[1]]"#), ("{{toNumber(' 1.5 ')}}", "1.5"),
            ("{{urlencode('a b/ü')}}", "a%20b%2F%C3%BC"), ("{{join(split('a,b', ','), '-')}}", "a-b"), ("{{trim '  x '}}", "x"),
            ("{{sha256('abc')}}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("{{'critical' | jiraIssueType}} {{jiraIssueType 'low'}}", "Incident Task"),
            ("{{fields.replicas >= 3 && !(fields.off || false)}}", "true"),
            ("{{ !fields.off }}", "true"), ("{{'a' < 'b'}}{{2 > 10}}{{1 == 1.0}}{{'1' == 1}}", "truefalsetruefalse"), ("{{ '}}' }}", "}}"),
            ("{{fields.sneaky}}", "{{secrets.X}} ${x} %{y}"), ("{{#if (fields.ssl && fields.replicas > 2)}}y{{/if}}", "y"),
            ("{{upper(join(fields.list, 'x'))}}", "AXB"),
            (
                "{{#each components}}- {{id}}: {{status}}{{#if resources}} ({{join resources \", \"}}){{/if}}\n{{/each}}",
                "- db: ok (r1, r2)\n- web: failed\n"
            ),
            ("{{-1}}{{ 2.5e1 }}", "-12.5e1"), ("{{#each fields.ports}}{{#each this}}{{@key}}{{/each}}{{/each}}", "portport"),
        ])
    func renders(template: String, expected: String) throws {
        #expect(try rendered(template) == expected)
    }

    @Test(
        "removes lines that hold only a block tag",
        arguments: [
            ("a\n{{#if true}}\nb\n{{else}}\nc\n{{/if}}\nd\n", "a\nb\nd\n"),
            ("{{#each fields.list}}\n- {{this}}\n{{/each}}\n", "- a\n- b\n"),
            ("  {{#if true}}  \r\nx\r\n  {{/if}}", "x\r\n"), ("a {{#if true}}\nb{{/if}}\n", "a \nb\n"), ("{{! note }}\nx", "x"),
            ("{{#each fields.list}}\n{{#if @first}}\nf\n{{/if}}\n{{/each}}\n", "f\n"), ("{{fields.replicas}}\nx", "3\nx"),
        ])
    func standalone(template: String, expected: String) throws {
        #expect(try rendered(template) == expected)
    }

    @Test(
        "reads the flat dialect",
        arguments: [
            ("{{ app_name }}-{{ environment }}", "shop-prod"), ("{{ steps.provision.outputs.id }}", "res-1"),
            ("{{ catalog_item.tags | join(',') }}", "cache,redis"),
            ("{{ requester.user_id }} {{ requester.team }} {{ requester.email }}", "ada data ada@example.com"),
            ("{{ current_timestamp }}", "2026-11-21T10:00:00.000Z"),
            ("{% if ssl and not off %}a{% elif zero %}b{% else %}c{% endif %}", "a"),
            ("{% if off %}a{% elif replicas == 3 %}b{% else %}c{% endif %}", "b"),
            ("{% for p in ports %}{{ p.port }}{% if not loop.last %},{% endif %}{% endfor %}", "80,443"),
            ("{% for x in list %}{{ loop.index }}{{ x }}{{ app_name }} {% endfor %}", "1ashop 2bshop "),
            (
                "{% for p in parameters %}{% if p.name == 'environment' %}{{ p.name }}={{ p.value }}{% endif %}{% endfor %}",
                "environment=prod"
            ),
            ("{# note #}{{ fields.environment }}{{ environment.REGION }}", "prodeu"), ("a {%- if true -%} b {%- endif -%} c", "abc"),
            ("{{ missing | default('x') | upper }}", "X"),
            ("{% for p in ports %}\n- {{ p.port }}\n{% endfor %}\n", "- 80\n- 443\n"),
            ("{% for a in ports %}{% for b in list %}{{ a.port }}{{ b }} {% endfor %}{% endfor %}", "80a 80b 443a 443b "),
        ])
    func flat(template: String, expected: String) throws {
        #expect(try rendered(template, .flat) == expected)
    }

    @Test(
        "escapes for the place a value stands in",
        arguments: [
            (
                #"{"n": "{{fields.name}}", "r": {{fields.replicas}}, "s": {{fields.name}}, "o": {{fields.config}}, "j": {{json fields.list}}, "z": {{fields.none}}}"#,
                EscapeContext.json,
                #"{"n": "Ada \"x\" <b>", "r": 3, "s": "Ada \"x\" <b>", "o": {"k":"v","n":[1]}, "j": ["a","b"], "z": null}"#
            ),
            (#"{"a": "\"{{fields.replicas}}\"", "b": "{{fields.config}}"}"#, .json, #"{"a": "\"3\"", "b": "{\"k\":\"v\",\"n\":[1]}"}"#),
            (#"{{#if fields.off}}"{{else}}{"x": "{{/if}}{{fields.name}}"}"#, .json, #"{"x": "Ada \"x\" <b>"}"#),
            (#"{"r": {{{json fields.list}}}}"#, .json, #"{"r": ["a","b"]}"#),
            (
                "https://h/{{fields.name}}?q={{fields.sneaky}}", .url,
                "https://h/Ada%20%22x%22%20%3Cb%3E?q=%7B%7Bsecrets.X%7D%7D%20%24%7Bx%7D%20%25%7By%7D"
            ),
            ("{{outputs.provision.endpoint}}/health", .url, "https://db.example.com/health"),
            ("/x?u={{outputs.provision.endpoint}}", .url, "/x?u=https%3A%2F%2Fdb.example.com"),
            (#"name = "{{fields.name}}" t = "{{fields.sneaky}}""#, .hcl, #"name = "Ada \"x\" <b>" t = "{{secrets.X}} $${x} %%{y}""#),
            (#"l = {{fields.list}} n = {{fields.replicas}}"#, .hcl, #"l = ["a","b"] n = 3"#),
            (#""${{concat('{x', '}')}} {{'$'}}{y} %{{'{z'}}""#, .hcl, #""$${x} $${y} %%{z""#),
            (
                "{{'{code}*b*-x my-db a_b #1'}}\n{{'h1. x'}} {{'C:\\\\d [l] (!) &lt;'}}", .jira,
                #"\{code\}\*b\*\-x my-db a_b #1"# + "\n" + #"h1&#46; x C:&#92;d \[l\] \(\!) &amp;lt;"#
            ),
            ("{{jiraEscape '*'}}{{{'*'}}}", .jira, #"\**"#), ("{{fields.name}}", .text, "Ada \"x\" <b>"),
        ])
    func escapes(template: String, context: EscapeContext, expected: String) throws {
        #expect(try rendered(template, as: context) == expected)
    }

    @Test(
        "names place, kind and what was meant",
        arguments: [
            ("a\n {{field.name}}", TemplateFault.Kind.scope, 2, 4, "fields.name"), ("{{fields.naem}}", .missing, 1, 3, "fields.name"),
            ("{{fields.none}}", .missing, 1, 3, nil), ("{{fields.missing == 1}}", .missing, 1, 3, nil),
            ("{{uper(fields.name)}}", .syntax, 1, 3, "upper"),
            ("{{upper(fields.replicas)}}", .type, 1, 3, nil), ("{{upper()}}", .syntax, 1, 3, nil), ("{{#if x}}", .scope, 1, 7, nil),
            ("{{#if true}}", .syntax, 1, 3, nil), ("{{/if}}", .syntax, 1, 3, nil), ("{{#if true}}{{/each}}", .syntax, 1, 15, nil),
            ("{{else}}", .syntax, 1, 3, nil), ("{{#iff true}}{{/iff}}", .syntax, 1, 3, "#if"), ("{{fields.a b}}", .syntax, 1, 12, nil),
            ("{{", .syntax, 1, 1, nil), ("{{}}", .syntax, 1, 3, nil), ("{{fields.}}", .syntax, 1, 10, nil), ("{{'a}}", .syntax, 1, 1, nil),
            ("{{fields.a = 1}}", .syntax, 1, 12, "=="), ("{{this}}", .syntax, 1, 3, nil), ("{{'a' < 1}}", .type, 1, 7, nil),
            ("{{#each fields.replicas}}{{/each}}", .type, 1, 3, nil), ("{{first(fields.noItems)}}", .missing, 1, 3, nil),
            ("{{base64decode('%')}}", .type, 1, 3, nil), ("{{toNumber('NaN')}}", .type, 1, 3, nil),
            ("{{fields.list[9]}}", .missing, 1, 3, nil),
            ("{{#each fields.list}}{{id}}{{/each}}", .missing, 1, 24, nil), ("{{@index}}", .syntax, 1, 3, nil),
            ("{{1 +}}", .syntax, 1, 5, nil),
            ("{{#if true}}{{else}}{{else}}{{/if}}", .syntax, 1, 23, nil), ("{{join fields.config}}", .type, 1, 3, nil),
            ("{{date('x')}}", .type, 1, 3, nil),
        ] as [(String, TemplateFault.Kind, Int, Int, String?)])
    func faults(template: String, kind: TemplateFault.Kind, line: Int, column: Int, suggestion: String?) {
        let found = fault(template)
        #expect(found?.kind == kind, "\(String(describing: found))")
        #expect(found?.position == Position(line: line, column: column), "\(String(describing: found))")
        #expect(found?.suggestion == suggestion)
    }

    @Test(
        "refuses values that a place cannot hold",
        arguments: [
            ("/a/{{'..'}}/b", EscapeContext.url), ("/a/{{fields.list}}", .url), (#"{"a": "\{{fields.name}}"}"#, .json),
            (#"{"a": "{{fields.none}}"}"#, .json),
        ])
    func places(template: String, context: EscapeContext) { #expect(fault(template, as: context) != nil) }

    @Test("a single expression keeps its type, text is escaped where text is needed")
    func types() throws {
        func value(_ text: String, _ context: EscapeContext = .text) throws -> JSON { try Template.parse(text).value(scope, as: context) }
        #expect(try value("{{fields.replicas}}") == 3)
        #expect(try value("{{fields.list}}") == ["a", "b"])
        #expect(try value("{{fields.none}}") == nil)
        #expect(try value("{{fields.replicas}} ") == "3 ")
        #expect(try value("{{fields.name}}", .json) == "Ada \"x\" <b>")
        #expect(try value("{{'a b'}}", .url) == "a%20b")
        #expect(try value("plain") == "plain")
    }

    @Test("conditions hold by truth, missing is null")
    func conditions() throws {
        for (text, holds) in [
            ("{{fields.environment == 'prod'}}", true), ("{{fields.nope}}", false), ("true", true), ("false", false), ("", false),
            ("{{fields.ssl}} ", true),
        ] {
            #expect(try Template.parse(text).condition(scope) == holds, "\(text)")
        }
        #expect(throws: TemplateFault.self) { try Template.parse("perhaps").condition(scope) }
        #expect(try Expression.parse("fields.replicas > 2").condition(scope))
        #expect(try Expression.parse("fields.replicas").value(scope) == 3)
    }

    @Test("lists what it reads, and whether that must be there")
    func references() throws {
        let template = try Template.parse(
            "{{env.A}}{{fields.b[0] | default('x')}}{{#if fields.c}}{{fields.d}}{{/if}}{{#each fields.e}}{{f}}{{/each}}{{{outputs.g.h}}}")
        let flags = template.references.map { "\($0.text) \($0.hasDefault) \($0.isConditional)" }
        #expect(
            flags == [
                "environment.A false false", "fields.b[0] true false", "fields.c false true", "fields.d false true", "fields.e true false",
                "outputs.g.h false false",
            ])
        #expect(template.usesRaw && !template.isSingleExpression)
        #expect(try Template.parse("{{ steps.a.outputs.b }}", dialect: .flat).references.map(\.text) == ["outputs.a.b"])
    }

    @Test("is bounded in depth, loops, output and work")
    func bounds() throws {
        let deepBlocks = String(repeating: "{{#if true}}", count: 17) + String(repeating: "{{/if}}", count: 17)
        let list = JSON.array(Array(repeating: ["a": 1], count: 200))
        let long = JSON.string(String(repeating: "a", count: 100_000))
        let large = JSONScope(["fields": ["list": list, "long": long]])
        let texts = [
            deepBlocks, "{{" + String(repeating: "(", count: 60) + "1" + String(repeating: ")", count: 60) + "}}",
            "{{1" + String(repeating: "|json", count: 400) + "}}",
            "{{#each fields.list}}{{#each fields.list}}{{/each}}{{/each}}", String(repeating: "{{fields.long}}", count: 12),
            "{{replace(fields.long, 'a', fields.long)}}",
            String(repeating: "x", count: 300_000), "{{#each fields.list}}{{#each fields.list}}{{sha256(fields.long)}}{{/each}}{{/each}}",
            "{{ " + String(repeating: "!", count: 100_000) + "true}}", "{{fields" + String(repeating: "[0]", count: 80_000) + "}}",
        ]
        for text in texts {
            let start = processorTime()
            #expect(throws: TemplateFault.self, "\(text.prefix(50))") { try Template.parse(text).render(large) }
            #expect(processorTime() - start < .seconds(2), "\(text.prefix(50))")
        }
        let braces = String(repeating: "{{{fields.x}} ", count: 15_000)
        #expect(throws: TemplateFault.self) { try Template.parse(braces).render(large) }
        #expect(throws: TemplateFault.self) { try Template.parse(String(repeating: "{", count: 200_000)) }
    }

    @Test("mutated templates neither trap nor hang, and JSON output stays JSON")
    func mutations() throws {
        let seeds = [
            #"{"n": "{{fields.name}}", "c": {{fields.config}}, "l": [{{#each fields.list}}"{{this}}"{{#unless @last}},{{/unless}}{{/each}}]}"#,
            "{{#if fields.ssl && !(fields.zero > 1)}}a{{else if contains(fields.list, 'a')}}b{{else}}c{{/if}}{{~ fields['odd key'] | default(\"x\") ~}}",
            "{% for p in parameters %}\n- {{ p.name }}: {{ p.value }}\n{% endfor %}{% if ssl %}{{- app_name -}}{% elif x %}{% else %}{# c #}{% endif %}",
        ].map { Array($0.utf8) }
        let dictionary = [
            "{{", "}}", "{{{", "}}}", "{%", "%}", "|", "||", "&&", "\"", "'", "\\", "{{/if}}", "{{#each ", "(", ")", "[0]", ".", "@key",
            "this", "!", "-", "9e999",
        ]
        var random = SeededRandom(seed: 2)
        for _ in 0..<4000 {
            let text = String(decoding: random.mutated(seeds.randomElement(using: &random) ?? [], dictionary: dictionary), as: UTF8.self)
            for dialect in [TemplateDialect.canonical, .flat] {
                guard let template = try? Template.parse(text, dialect: dialect) else { continue }
                _ = template.references
                for context in EscapeContext.allCases { _ = try? template.value(scope, as: context) }
            }
        }
    }

    @Test("renders ten expressions many thousand times a second")
    func speed() throws {
        let template = try Template.parse(String(repeating: "{\"a\": \"{{fields.name}}\", \"b\": {{fields.replicas}}}", count: 5))
        let start = processorTime()
        for _ in 0..<1000 { _ = try template.render(scope, as: .json) }
        #expect(processorTime() - start < .seconds(5))
    }
}
