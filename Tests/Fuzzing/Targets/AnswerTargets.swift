import Base
import Documents

@testable import Orchestration

extension FuzzTarget {
    static let answerTargets = [
        FuzzTarget(
            "verification",
            texts: [
                #"{"type":"http-status","expected":["2xx",404]}"#, #"{"type":"response-body","path":"$.items[*].id","equals":1}"#,
                #"{"type":"response-body","path":"/a/b","matches":"^x+$"}"#, #"{"type":"headers-present","headers":["Location"]}"#,
                #"{"type":"terraform-state","resource_count":2,"required_outputs":["endpoint"]}"#,
                #"{"type":"poll","until":"$.status == 'ready'"}"#,
                #"{"type":"artifact-exists","artifacts":["a"],"until":[{"path":"$.a","in":[1]}]}"#,
                #"{"type":"resource-health","until":{"status":200}}"#,
            ],
            words: [
                "{", "}", "[", "]", ",", ":", "\"path\":", "\"equals\":", "\"matches\":", "\"until\":", "\"expected\":", "\"in\":",
                "\"exists\":false", "2xx",
                "-9223372036854775808xx", "==", "!=", "'", "$.", "null", "1e308", "\"type\":\"workflow-status\",",
                "\"type\":\"pull-request-merged\",",
            ], verification),
        FuzzTarget(
            "pattern-sample", texts: ["^[a-z]{3,}-\\d+$", "(a|b)?c+[^x-z]", "\\u{1F600}\\x41", "^(?=x)x(y)\\1$"],
            words: [
                "(", ")", "[", "]", "{3}", "{999999}", "{,", "|", "\\", "\\d", "[^", "a-z", "z-a", "?", "*", "+", "$", "^", "\\u{", "}",
            ], sample),
    ]

    private static let evidence: [JSON] = [
        [
            "status": 201, "headers": ["location": "/a"], "body": ["a": ["b": "xx"], "items": [["id": 1]], "status": "ready"],
            "outputs": ["endpoint": "e"], "resources": [1, 2], "conclusion": "success", "artifacts": ["a"],
        ], [:], ["status": "x", "body": [1], "artifacts": 7, "outputs": []],
    ]

    private static func verification(_ input: [UInt8]) throws {
        guard let written = try? JSON.parse(input), written.object != nil else { return }
        for evidence in evidence {
            _ = try? Verifier.judge(type: written["type"]?.string ?? "", parameters: written, evidence: evidence)
            for condition in Condition.list(written["until"]) {
                let holds = try? condition.holds(evidence)
                try demand(holds == (try? condition.holds(evidence)), "changes its mind about \(evidence)")
                _ = (condition.hint, condition.text)
            }
        }
    }

    private static func sample(_ input: [UInt8]) throws {
        guard let sample = PatternSample.text(matching: input.text) else { return }
        try demand((try? Pattern(input.text))?.matches(sample) == true, "\(sample) does not match \(input.text)")
    }
}
