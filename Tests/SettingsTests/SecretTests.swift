import Foundation
import Testing

@testable import Settings

struct SecretTests {
    @Test func `a secret never prints`() {
        let secret = Secret("hunter2")
        struct Holder { let secret: Secret }
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        dump(secret, to: &dumped)
        let printed = [
            "\(secret)", String(describing: secret), String(reflecting: secret), dumped, "\(Holder(secret: secret))",
            "\([secret])", "\(Optional(secret) as Any)", "\(Mirror(reflecting: secret).children.map(\.value))",
        ]
        for text in printed { #expect(!text.contains("hunter2")) }
        #expect("\(secret)" == "[redacted]")
        #expect(secret.reveal() == "hunter2")
    }

    @Test func `a file gives its secret without the newline at its end`() throws {
        try withTemporaryFolder { folder in
            for text in ["s3cret", "s3cret\n", "s3cret\r\n"] {
                let path = try folder.write(text, to: "secret")
                #expect(try SecretReference.file(path).resolve(environment: [:]).reveal() == "s3cret")
            }
        }
    }

    @Test(arguments: [0o604, 0o644, 0o620, 0o660, 0o601, 0o602])
    func `a file that others can read or change is refused`(_ mode: Int) throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("s3cret", to: "secret", mode: mode)
            let error = #expect(throws: SecretError.self) { try SecretReference.file(path).resolve(environment: [:]) }
            #expect(error == .openToOthers(path: path, mode: UInt32(mode)))
            #expect(error?.description.contains("has mode 0\(String(mode, radix: 8))") == true)
        }
    }

    @Test(arguments: [0o400, 0o600, 0o440, 0o640])
    func `a file for its owner and readers of its group is fine`(_ mode: Int) throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("s3cret", to: "secret", mode: mode)
            #expect(try SecretReference.file(path).resolve(environment: [:]).reveal() == "s3cret")
        }
    }

    @Test func `links are followed to the file that counts`() throws {
        try withTemporaryFolder { folder in
            let good = try folder.write("s3cret", to: "good")
            let open = try folder.write("s3cret", to: "open", mode: 0o644)
            for (name, target) in [("a", good), ("b", open)] {
                try FileManager.default.createSymbolicLink(atPath: folder.path(name), withDestinationPath: target)
            }
            #expect(try SecretReference.file(folder.path("a")).resolve(environment: [:]).reveal() == "s3cret")
            #expect(throws: SecretError.self) { try SecretReference.file(folder.path("b")).resolve(environment: [:]) }
        }
    }

    @Test(arguments: [
        ("", "is empty"), ("\n", "is empty"), ("a\0b", "control characters"), ("a\nb\n", "control characters"),
        (String(repeating: "x", count: 65_537), "larger than 65536 bytes"),
    ])
    func `content that cannot be a secret is refused without showing it`(_ text: String, _ reason: String) throws {
        try withTemporaryFolder { folder in
            let path = try folder.write(text, to: "secret")
            let error = #expect(throws: SecretError.self) { try SecretReference.file(path).resolve(environment: [:]) }
            #expect(error?.description.contains(reason) == true)
            #expect(error?.description.contains("xxxx") == false)
        }
    }

    @Test func `what is no file is refused`() throws {
        try withTemporaryFolder { folder in
            let path = folder.path("none")
            #expect(throws: SecretError.fileNotFound(path: path)) {
                try SecretReference.file(path).resolve(environment: [:])
            }
            #expect(throws: SecretError.notARegularFile(path: folder.url.path)) {
                try SecretReference.file(folder.url.path).resolve(environment: [:])
            }
            #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
            #expect(throws: SecretError.notARegularFile(path: folder.path("pipe"))) {
                try SecretReference.file(folder.path("pipe")).resolve(environment: [:])
            }
        }
    }

    @Test func `a credential is looked for in the service's directory first`() throws {
        try withTemporaryFolder { folder in
            try folder.write("own\n", to: "own/name")
            try folder.write("store\n", to: "store/name")
            try folder.write("other\n", to: "store/other")
            let environment = ["CREDENTIALS_DIRECTORY": folder.path("own")]
            func resolve(_ name: String) throws(SecretError) -> String {
                try SecretReference.credential(name)
                    .resolve(
                        environment: environment, credentialDirectories: [folder.path("none"), folder.path("store")]
                    )
                    .reveal()
            }
            #expect(try resolve("name") == "own")
            #expect(try resolve("other") == "other")
            let error = #expect(throws: SecretError.self) { try resolve("missing") }
            let text = try #require(error?.description)
            #expect(text.contains("credential \"missing\" was not found in \(folder.path("own")), "))
            #expect(text.contains(folder.path("store")))
        }
    }

    @Test func `a credential that cannot be read does not hide the same one elsewhere`() throws {
        try withTemporaryFolder { folder in
            try folder.write("store", to: "store/name")
            // A link to itself cannot be read by anybody, not even root.
            try folder.write("", to: "own/other")
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("own/name"), withDestinationPath: folder.path("own/name"))
            func resolve(_ directories: [String]) throws(SecretError) -> Secret {
                try SecretReference.credential("name").resolve(environment: [:], credentialDirectories: directories)
            }
            #expect(try resolve([folder.path("own"), folder.path("store")]).reveal() == "store")
            let error = #expect(throws: SecretError.self) { try resolve([folder.path("own")]) }
            #expect(error?.description.contains("own/name cannot be read: Too many levels") == true)
        }
    }

    @Test func `an environment variable gives its value`() throws {
        #expect(try SecretReference.environment("X").resolve(environment: ["X": "s3cret"]).reveal() == "s3cret")
        #expect(throws: SecretError.variableNotSet(name: "X")) {
            try SecretReference.environment("X").resolve(environment: [:])
        }
        #expect(throws: SecretError.empty(.environment("X"))) {
            try SecretReference.environment("X").resolve(environment: ["X": ""])
        }
    }

    @Test func `a fingerprint changes with its file, and only then`() throws {
        try withTemporaryFolder { folder in
            let path = try folder.write("s3cret", to: "secret")
            func fingerprint() -> SecretFingerprint? { SecretReference.file(path).fingerprint(environment: [:]) }
            let first = try #require(fingerprint())
            #expect(fingerprint() == first)
            _ = try SecretReference.file(path).resolve(environment: [:])
            #expect(fingerprint() == first)
            // Another file of the same size under the same name, as `mv` and Kubernetes do it.
            try folder.write("s3cre7", to: "next")
            #expect(rename(folder.path("next"), path) == 0)
            let second = try #require(fingerprint())
            #expect(second != first)
            // Longer, in place.
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.write(contentsOf: Data("longer secret".utf8))
            try file.close()
            #expect(fingerprint() != second)
            try FileManager.default.removeItem(atPath: path)
            #expect(fingerprint() == nil)
        }
    }

    @Test func `a credential's fingerprint is of the file that is read, and a variable has none`() throws {
        try withTemporaryFolder { folder in
            let store = try folder.write("store", to: "store/name")
            func fingerprint() -> SecretFingerprint? {
                SecretReference.credential("name").fingerprint(
                    environment: ["CREDENTIALS_DIRECTORY": folder.path("own")],
                    credentialDirectories: [folder.path("store")])
            }
            let first = try #require(fingerprint())
            #expect(first == SecretReference.file(store).fingerprint(environment: [:]))
            let own = try folder.write("own", to: "own/name")
            #expect(fingerprint() == SecretReference.file(own).fingerprint(environment: [:]))
            #expect(fingerprint() != first)
            #expect(SecretReference.environment("PATH").fingerprint(environment: ["PATH": "a"]) == nil)
        }
    }

    @Test(arguments: [
        "credential:", "credential:.", "credential:..", "credential:a/b", "file:", "env:", "env:1A", "x:y",
    ])
    func `references that name nothing are refused`(_ text: String) {
        #expect(throws: SecretReference.Malformed.self) { try SecretReference(parsing: text) }
    }

    @Test func `secrets that cannot be had are faults of the configuration`() throws {
        try withTemporaryFolder { folder in
            let open = try folder.write("hunter2", to: "open", mode: 0o644)
            let text =
                goodAccount + "[account.events]\nsecret = \"file:\(open)\"\n" + httpSink
                + "token = \"env:TOKEN\"\nheaders = { X-Key = \"env:KEY\" }\nhmac = { secret = \"env:SIGN\" }\n"
            let path = try folder.write(text, to: "t.toml")
            let error = #expect(throws: SettingsFaults.self) {
                try SettingsFile.load(
                    path: path, capabilities: .everything, environment: ["SIGN": "a"], resolveSecrets: true,
                    credentialDirectories: [folder.path("credentials")])
            }
            let found = try #require(error).faults.map { String($0.description.trimmingPrefix(path)) }
            #expect(found.count == 4)
            #expect(found[0].hasPrefix(":4:10: error: the secret of the account \"production\": credential"))
            #expect(found[1].hasPrefix(":6:10: error: the secret of the account \"production\": \(open) has mode 0644"))
            #expect(
                found[2].hasPrefix(":11:9: error: the secret of the sink \"archive\": the environment variable TOKEN"))
            #expect(
                found[3].hasPrefix(":12:11: error: the secret of the sink \"archive\": the environment variable KEY"))
            #expect(!found.joined().contains("hunter2"))
        }
    }

    @Test func `secrets that can be had are no faults`() throws {
        try withTemporaryFolder { folder in
            try folder.write("s3cret\n", to: "credentials/production")
            let path = try folder.write(goodConfiguration, to: "t.toml")
            let settings = try SettingsFile.load(
                path: path, environment: [:], resolveSecrets: true,
                credentialDirectories: [folder.path("credentials")])
            #expect(!settings.rendered().contains("s3cret"))
            #expect(settings.rendered().contains("secret = \"credential:production\""))
        }
    }
}
