import Foundation
import Testing

@testable import Settings

struct IncludeTests {
    @Test func `included files add accounts and sinks, sorted by name`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write("include = [\"conf.d/*.toml\"]\n" + goodConfiguration, to: "main.toml")
            try folder.write(account("b", digit: "b"), to: "conf.d/20.toml")
            try folder.write(account("a", digit: "a"), to: "conf.d/10.toml")
            try folder.write("not read", to: "conf.d/30.toml.bak")
            let settings = try load(main)
            #expect(settings.accounts.map(\.name) == ["production", "a", "b"])
            #expect(settings.accounts[1].origins["name"].file == folder.path("conf.d/10.toml"))
        }
    }

    @Test func `a folder that cannot be listed is a fault, not an empty one`() throws {
        var disk = ConfigurationFiles.only(
            "main.toml", Array(("include = [\"conf.d/*.toml\"]\n" + goodConfiguration).utf8))
        disk.matches = { _ in nil }
        let faults = FaultList()
        let files = Include(mainFile: "main.toml", disk: disk, faults: faults).files([
            ("conf.d/*.toml", SourceLocation(file: "main.toml", line: 1, column: 12))
        ])
        #expect(files.isEmpty)
        #expect(faults.sorted().faults.count == 1)
        #expect("\(faults.sorted())".contains("cannot be read by this user"))
    }

    @Test func `faults carry the name of their own file`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write(
                "include = [\"b.toml\", \"c.toml\"]\n[log]\nlevel = 1\n" + goodConfiguration, to: "a.toml")
            try folder.write("[[sink]\n", to: "b.toml")
            try folder.write(goodSink, to: "c.toml")
            let found = faults(in: main, of: folder)
            #expect(found.count == 4)
            #expect(found[0].hasPrefix("a.toml:3:9: error: `level`"))
            #expect(found[1].hasPrefix("b.toml:1:8: error: syntax error"))
            #expect(found[2].hasPrefix("c.toml:2:8: error: the sink name \"archive\" is used twice, first at "))
            #expect(found[2].contains("a.toml:9:8"))
            #expect(found[3].hasPrefix("c.toml:4:8: error: the path of a file sink"))
        }
    }

    @Test func `what seems to be missing is not reported while a file cannot be read`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write("include = [\"b.toml\"]\n" + goodSink, to: "a.toml")
            try folder.write("[[account]\n", to: "b.toml")
            #expect(faults(in: main, of: folder).count == 1)
        }
    }

    @Test func `a name without wildcards must exist`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write("include = [\"x/*.toml\", \"b.toml\"]\n" + goodConfiguration, to: "a.toml")
            #expect(
                faults(in: main, of: folder)
                    == [
                        "a.toml:1:24: error: the included file \"b.toml\" does not exist; correct the name or remove it"
                    ])
        }
    }

    @Test func `included files hold accounts and sinks only`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write("include = [\"b.toml\"]\n" + goodConfiguration, to: "a.toml")
            try folder.write("include = [\"c.toml\"]\n[log]\nlevel = \"info\"\n[[acount]]\n", to: "b.toml")
            let found = faults(in: main, of: folder)
            #expect(found.count == 3)
            #expect(found[0].hasPrefix("b.toml:1:1: error: an included file cannot include others"))
            #expect(found[1].hasPrefix("b.toml:2:2: error: [log] belongs in "))
            #expect(found[2].hasPrefix("b.toml:4:3: error: unknown key `acount`"))
        }
    }

    @Test func `no file is read twice`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write("include = [\"*.toml\", \"./b.toml\"]\n" + goodConfiguration, to: "a.toml")
            try folder.write(account("b", digit: "b"), to: "b.toml")
            #expect(try load(main).accounts.map(\.name) == ["production", "b"])
        }
    }

    @Test func `a directory with wildcards in its name is only a name`() throws {
        try withTemporaryFolder { folder in
            let main = try folder.write("include = [\"b*.toml\"]\n" + goodConfiguration, to: "odd[1]*/a.toml")
            try folder.write(account("b", digit: "b"), to: "odd[1]*/b.toml")
            #expect(try load(main).accounts.count == 2)
        }
    }

    @Test func `a file that cannot be read is one clear line`() throws {
        try withTemporaryFolder { folder in
            let missing = folder.path("none.toml")
            #expect(
                faults(in: missing, of: folder)
                    == [
                        "none.toml: error: does not exist; `twilship init` asks for what it needs and writes one, "
                            + "`twilship config example` prints one"
                    ])
            try folder.write("", to: "dir/x")
            #expect(
                faults(in: folder.path("dir"), of: folder).first?.hasPrefix("dir: error: is a directory") == true)
            #expect(faults(in: folder.path("dir/x/y"), of: folder).first?.contains("not a directory") == true)
            let large = try folder.write(String(repeating: "#", count: (4 << 20) + 1), to: "large.toml")
            #expect(
                faults(in: large, of: folder) == [
                    "large.toml: error: is larger than 4 MiB; split it with `include`"
                ])
        }
    }

    @Test func `a named pipe does not block`() throws {
        try withTemporaryFolder { folder in
            let pipe = folder.path("pipe")
            #expect(mkfifo(pipe, 0o600) == 0)
            #expect(faults(in: pipe, of: folder) == ["pipe: error: is not a regular file"])
        }
    }

    private func account(_ name: String, digit: Character) -> String {
        """
        [[account]]
        name = "\(name)"
        account_sid = "AC\(String(repeating: digit, count: 32))"
        secret = "env:X"

        """
    }

    private func load(_ path: String) throws(SettingsFaults) -> ResolvedSettings {
        try SettingsFile.load(path: path, environment: [:])
    }

    private func faults(in path: String, of folder: TemporaryFolder) -> [String] {
        do {
            _ = try load(path)
            return []
        } catch {
            return error.faults.map { String($0.description.trimmingPrefix(folder.url.path + "/")) }
        }
    }
}
