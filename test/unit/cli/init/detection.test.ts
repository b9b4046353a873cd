import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listenersOf, portSettings } from "../../../../cli/init/addresses.ts";
import { dockerfileOf } from "../../../../cli/init/dockerfiles.ts";
import { healthOf } from "../../../../cli/init/health.ts";
import { findPrograms, type Program } from "../../../../cli/init/modules.ts";
import { isSecretName, moduleName, unitsOf, validName } from "../../../../cli/init/units.ts";

/** Runs with a folder that has the given files. */
async function withFiles<T>(files: Record<string, string>, work: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "slipway-detection-")));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A module with one program: the statements of its main function, and declarations. */
const moduleWith = (imports: string[], body: string, declarations = "") => ({
  "go.mod": "module example.org/web\n\ngo 1.24\n",
  "main.go": `package main\n\nimport (\n${imports.map((path) => `\t${JSON.stringify(path)}\n`).join("")})\n\nfunc main() {\n${body}\n}\n${declarations}\n`,
});

const unitIn = (files: Record<string, string>) => withFiles(files, async (folder) => unitsOf(await findPrograms(folder), folder).units[0]!);
const settingsIn = async (files: Record<string, string>) => (await unitIn(files)).settings;
const programIn = (files: Record<string, string>): Promise<Program> => withFiles(files, async (folder) => (await findPrograms(folder))[0]!);

describe("the port of a program", () => {
  test.each([
    ["a literal", ["net/http"], `http.ListenAndServe(":3000", nil)`, "", { port: 3000 }],
    ["the default port, which needs no setting", ["net/http"], `http.ListenAndServe("0.0.0.0:8080", nil)`, "", {}],
    ["a server", ["net/http"], `s := http.Server{Addr: ":4000"}\ns.ListenAndServe()`, "", { port: 4000 }],
    ["a server whose address is set later", ["net/http"], `s := &http.Server{}\ns.Addr = ":4001"\ns.ListenAndServe()`, "", { port: 4001 }],
    ["a listener", ["net", "net/http"], `l, _ := net.Listen("tcp", ":5000")\nhttp.Serve(l, nil)`, "", { port: 5000 }],
    [
      "a listener of a framework",
      ["crypto/tls"],
      `l, _ := tls.Listen("tcp", ":5001", nil)\napp.Get("/", nil)\napp.Listener(l)`,
      "",
      { port: 5001 },
    ],
    [
      "a list in a loop",
      ["net/http"],
      `ports := []string{":5002"}\nfor _, port := range ports {\nhttp.ListenAndServe(port, nil)\n}`,
      "",
      { port: 5002 },
    ],
    ["a constant", ["net/http", "strconv"], `http.ListenAndServe(":"+strconv.Itoa(port), nil)`, "const port = 6000", { port: 6000 }],
    ["a variable of the package", ["net/http"], `http.ListenAndServe(addr, nil)`, `var addr = ":6001"`, { port: 6001 }],
    ["a format", ["net/http", "fmt"], `http.ListenAndServe(fmt.Sprintf("%s:%d", "0.0.0.0", 6002), nil)`, "", { port: 6002 }],
    ["host and port", ["net/http", "net"], `http.ListenAndServe(net.JoinHostPort("", "6003"), nil)`, "", { port: 6003 }],
    ["a flag", ["net/http", "flag"], `a := flag.String("addr", ":7000", "")\nhttp.ListenAndServe(*a, nil)`, "", { port: 7000 }],
    [
      "a flag that a variable gets",
      ["net/http", "flag"],
      `var port int\nflag.IntVar(&port, "port", 7001, "")\nhttp.ListenAndServe(fmt.Sprint(":", port), nil)\nhttp.ListenAndServe(":"+strconv.Itoa(port), nil)`,
      "",
      { port: 7001 },
    ],
    [
      "a flag for the loopback address",
      ["net/http", "flag"],
      `a := flag.String("addr", "127.0.0.1:7002", "")\nhttp.ListenAndServe(*a, nil)`,
      "",
      { port: 7002, args: ["--addr=:7002"] },
    ],
    ["PORT", ["net/http", "os"], `http.ListenAndServe(":"+os.Getenv("PORT"), nil)`, "", {}],
    ["PORT with a default", ["net/http", "os", "cmp"], `http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "3000"), nil)`, "", {}],
    [
      "another variable without a default",
      ["net/http", "os"],
      `http.ListenAndServe(":"+os.Getenv("HTTP_PORT"), nil)`,
      "",
      { env: { HTTP_PORT: "8080" } },
    ],
    [
      "another variable with a default",
      ["net/http", "os", "cmp"],
      `http.ListenAndServe(":"+cmp.Or(os.Getenv("HTTP_PORT"), "3001"), nil)`,
      "",
      { port: 3001 },
    ],
    ["a variable with the address", ["net/http", "os"], `http.ListenAndServe(os.Getenv("ADDR"), nil)`, "", { env: { ADDR: ":8080" } }],
    [
      "a tag of a field",
      ["net/http", "example.com/env"],
      `var c config\nenv.Parse(&c)\nhttp.ListenAndServe(":"+c.Port, nil)`,
      'type config struct {\n\tPort string `env:"APP_PORT" envDefault:"3002"`\n}',
      { port: 3002 },
    ],
    [
      "viper, with the environment",
      ["net/http", "github.com/spf13/viper"],
      `viper.AutomaticEnv()\nviper.SetDefault("port", 3003)\nhttp.ListenAndServe(":"+viper.GetString("port"), nil)`,
      "",
      {},
    ],
    [
      "viper, with a prefix and a flag",
      ["net/http", "github.com/spf13/viper", "github.com/spf13/pflag"],
      `pflag.Int("http-port", 9898, "")
viper.SetEnvPrefix("web")
viper.SetEnvKeyReplacer(nil)
viper.AutomaticEnv()
var c config
viper.Unmarshal(&c)
http.ListenAndServe(c.Host+":"+c.Port, nil)`,
      'type config struct {\n\tHost string `mapstructure:"host"`\n\tPort string `mapstructure:"http-port"`\n}',
      { port: 9898 },
    ],
    ["gin", ["github.com/gin-gonic/gin"], `r := gin.Default()\nr.GET("/", nil)\nr.Run()`, "", {}],
    ["echo", ["github.com/labstack/echo/v4"], `e := echo.New()\ne.GET("/", nil)\ne.Logger.Fatal(e.Start(":1323"))`, "", { port: 1323 }],
    ["fiber", ["github.com/gofiber/fiber/v2"], `app := fiber.New()\napp.Get("/", nil)\napp.Listen(":3004")`, "", { port: 3004 }],
    ["a parameter", ["net/http"], `serve(":3005")`, "func serve(addr string) {\n\thttp.ListenAndServe(addr, nil)\n}", { port: 3005 }],
    ["a function", ["net/http"], `http.ListenAndServe(addr(), nil)`, `func addr() string {\n\treturn ":3006"\n}`, { port: 3006 }],
    [
      "a field of a value that a function returns",
      ["net/http", "os"],
      `http.ListenAndServe(":"+load().Port, nil)`,
      `type config struct{ Port string }\n\nfunc load() *config {\n\treturn &config{Port: os.Getenv("PORT")}\n}`,
      {},
    ],
  ])("is found in %s", async (_, imports, body, declarations, expected) => {
    const { port, env, args } = await settingsIn(
      moduleWith(
        [...imports, ...(body.includes("fmt.") ? ["fmt"] : []), ...(body.includes("strconv.") ? ["strconv"] : [])],
        body,
        declarations,
      ),
    );
    expect({ port, env, args }).toEqual(expected);
  });

  test("is that of HTTP, not that of metrics or profiles", async () => {
    const body = `go http.ListenAndServe(":9090", nil)\ngo http.ListenAndServe("localhost:6060", nil)\nhttp.ListenAndServe(":8000", nil)`;
    const { port, ports } = await settingsIn(moduleWith(["net/http"], body));
    expect([port, ports]).toEqual([8000, { metrics: 9090 }]);
  });

  test("is not that of a server that a default turns off", async () => {
    const body = `extra := flag.Int("extra", 0, "")\ngo http.ListenAndServe(":"+strconv.Itoa(*extra), nil)\nhttp.ListenAndServe(":8000", nil)`;
    const { port, ports } = await settingsIn(moduleWith(["net/http", "flag", "strconv"], body));
    expect([port, ports]).toEqual([8000, undefined]);
  });

  test("is the EXPOSE of the Dockerfile, or a guess, if the source does not say it", async () => {
    const files = moduleWith(["net/http"], "http.ListenAndServe(read(), nil)", `func read() string { return "" }`);
    const exposed = await unitIn({ ...files, Dockerfile: "FROM scratch\nEXPOSE 8000\n" });
    expect([exposed.settings["port"], exposed.isPortUnknown]).toEqual([8000, false]);
    const guessed = await unitIn(files);
    expect([guessed.settings["port"], guessed.isPortUnknown]).toEqual([undefined, true]);
    expect(guessed.reasons.find(({ setting }) => setting === "port")).toEqual({
      setting: "port",
      value: "8080",
      from: "the default, because main.go:8 does not say it",
    });
  });

  test("on the loopback address causes a warning if nothing can change it", async () => {
    const { warnings } = await unitIn(moduleWith(["net/http"], `http.ListenAndServe("localhost:8000", nil)`));
    expect(warnings).toEqual([
      'web: listens on the loopback address (main.go:8), where nothing outside its container reaches it. Listen on all addresses, such as ":8000".',
    ]);
  });

  test("is not the certificate of a server, and TLS causes a warning", async () => {
    const body = `s := http.Server{Addr: os.Getenv("ADDR")}\ns.ListenAndServeTLS(os.Getenv("CERT"), "")`;
    const files = moduleWith(["net/http", "os"], body);
    const { settings, warnings } = await unitIn(files);
    expect((await programIn(files)).listens.map(({ values }) => values)).toEqual([[{ text: "${ADDR}", env: "ADDR" }]]);
    expect(settings["env"]).toEqual({ ADDR: ":8080" });
    expect(warnings).toEqual([
      "web: serves TLS itself, and requests reach it as plain HTTP. Serve HTTP in the container, and set tls for the certificate.",
    ]);
    const both = await unitIn(
      moduleWith(["net/http"], `go http.ListenAndServeTLS(":8443", "", "", nil)\nhttp.ListenAndServe(":8080", nil)`),
    );
    expect(both.warnings).toEqual([]);
  });

  test("is set with the variable of the address if its default is the loopback address", () => {
    const listens = [{ values: [{ text: "${ADDR}", env: "ADDR" }, { text: "localhost:8000" }], isHttp: true, at: "main.go:1" }];
    const [listener] = listenersOf({ listens, servers: [], routes: [] });
    expect(portSettings(listener!)).toEqual({ port: 8000, env: { ADDR: ":8000" } });
  });
});

describe("the probes", () => {
  const found = (...paths: string[]) => {
    const { probes, found } = healthOf(paths.map((path, i) => ({ path, at: `main.go:${i}` })));
    return [found, probes];
  };

  test.each([
    [["/", "/healthz", "/readyz"], "/healthz and /readyz", undefined],
    [["/health"], "/health", { startup: { path: "/health" }, readiness: { path: "/health" }, liveness: { path: "/health" } }],
    [
      ["/ping", "/livez", "/ready"],
      "/livez and /ready",
      { startup: { path: "/livez" }, readiness: { path: "/ready" }, liveness: { path: "/livez" } },
    ],
    [["/readyz"], "/readyz", { startup: { path: "/readyz" }, liveness: { path: "/readyz" } }],
    [["/_healthz"], "/_healthz", { startup: { path: "/_healthz" }, readiness: { path: "/_healthz" }, liveness: { path: "/_healthz" } }],
    [
      ["/api/v1/health", "/api/health"],
      "/api/health",
      { startup: { path: "/api/health" }, readiness: { path: "/api/health" }, liveness: { path: "/api/health" } },
    ],
    [["/users/{id}", "/"], "/", { startup: { path: "/" }, readiness: { path: "/" }, liveness: { path: "/" } }],
    [["/users/:id/status", "/users"], "none", { kind: "tcp" }],
  ])("of the routes %j use %s", (paths, expected, probes) => {
    expect(found(...paths)).toEqual([expected, probes]);
  });

  test("know the paths that a function makes of its argument", async () => {
    const body = `http.HandleFunc(below("/healthz"), nil)\nhttp.HandleFunc(below("/orders"), nil)`;
    const declarations = `func below(path string) string {\n\treturn "/shop" + path\n}`;
    const { routes } = await programIn(moduleWith(["net/http"], body, declarations));
    expect(routes).toEqual([
      { path: "/shop/healthz", at: "main.go:8" },
      { path: "/shop/orders", at: "main.go:9" },
    ]);
  });

  test("know the routes of routers, groups and middleware, and not those of clients", async () => {
    const body = `r := chi.NewRouter()
	r.Use(middleware.Heartbeat("/ping"))
	r.Route("/api", func(r chi.Router) {
		v1 := r.Group("/v1")
		v1.GET("/users", nil)
		mount(v1)
	})
	mux.HandleFunc("GET /docs/{$}", nil)
	router.Handle("POST", "/orders", nil)
	router.PathPrefix("/old").Subrouter().HandleFunc("/items", nil)
	http.Get("/not")
	client.Get("/neither")`;
    const declarations = `func mount(r chi.Router) {\n\tr.GET("/deep", nil)\n}`;
    const { routes } = await programIn(
      moduleWith(["net/http", "github.com/go-chi/chi/v5", "github.com/go-chi/chi/v5/middleware"], body, declarations),
    );
    expect(routes.map(({ path }) => path)).toEqual(["/ping", "/api/v1/users", "/docs", "/orders", "/old/items", "/api/v1/deep"]);
  });
});

describe("variables of the environment", () => {
  test("are those without a default, wherever they are read", async () => {
    const body = `_ = os.Getenv("PARTNER_URL")
	if os.Getenv("DEBUG") == "true" {
	}
	if given := os.Getenv("OPTIONAL"); given != "" {
	}
	region := os.Getenv("REGION")
	if region == "" {
		region = "eu"
	}
	_ = env("LEVEL", "info")
	_ = env("TOKEN", "")
	_ = must("STRIPE_KEY")
	_ = os.Getenv("HOME")
	http.ListenAndServe(":"+os.Getenv("PORT"), nil)`;
    const declarations = `func env(name, value string) string {
	if given, ok := os.LookupEnv(name); ok {
		return given
	}
	return value
}

func must(name string) string {
	value := os.Getenv(name)
	if value == "" {
		panic(name)
	}
	return value
}

type settings struct {
	Queue string \`env:"QUEUE,required"\`
	Size  int    \`envconfig:"SIZE" default:"3"\`
	Mode  string \`env:"MODE, default=fast"\`
}`;
    const { unset } = await unitIn(moduleWith(["net/http", "os"], body, declarations));
    expect(unset).toEqual([
      { name: "PARTNER_URL", at: "main.go:9", isSecret: false },
      { name: "TOKEN", at: "main.go:19", isSecret: true },
      { name: "STRIPE_KEY", at: "main.go:20", isSecret: true },
      { name: "QUEUE", at: "main.go:40", isSecret: false },
    ]);
  });

  test.each([
    ["DATABASE_URL", true],
    ["MONGO_URI", true],
    ["JWT_SECRET", true],
    ["API_KEY", true],
    ["SENTRY_DSN", true],
    ["PARTNER_URL", false],
    ["LOG_LEVEL", false],
  ])("called %s are secret: %s", (name, isSecret) => {
    expect(isSecretName(name)).toBe(isSecret);
  });
});

describe("files that a program reads", () => {
  test("are next to it in the image, if they are in the repository", async () => {
    const body = `_, _ = os.ReadFile("data/products.json")
	template.ParseFiles("pages/a.html", "pages/b.html")
	http.Handle("/", http.FileServer(http.Dir("./public/")))
	migrate.New("file://migrations", "")
	ini.Load("conf/app.ini")
	_, _ = os.Open(filepath.Join("data", "more.json"))
	_, _ = os.ReadFile("/etc/hosts")
	_, _ = os.ReadFile("go.mod")
	_, _ = os.ReadFile("missing.json")
	http.ListenAndServe(":8080", nil)`;
    const files = {
      ...moduleWith(["net/http", "os", "path/filepath", "html/template", "github.com/golang-migrate/migrate/v4", "gopkg.in/ini.v1"], body),
      "data/products.json": "",
      "data/more.json": "",
      "pages/a.html": "",
      "pages/b.html": "",
      "public/x": "",
      "migrations/1.sql": "",
      "conf/app.ini": "",
    };
    expect((await settingsIn(files))["build"]).toEqual({
      assets: ["conf/app.ini", "data/more.json", "data/products.json", "migrations", "pages/a.html", "pages/b.html", "public"],
    });
  });

  test("make the program's folder the source if they are only there", async () => {
    const main = `package main\n\nimport "os"\n\nfunc main() {\n\t_, _ = os.ReadFile("rules.yaml")\n}\n`;
    const files = { "go.mod": "module example.org/web\n", "cmd/web/main.go": main, "cmd/web/rules.yaml": "" };
    expect(await settingsIn(files)).toMatchObject({ source: "cmd/web", build: { assets: ["rules.yaml"] } });
  });
});

describe("a Dockerfile", () => {
  const read = (text: string) => withFiles({ Dockerfile: text }, (folder) => dockerfileOf(folder, folder, true));

  test.each([
    ["FROM golang:1.26 AS b\nFROM gcr.io/distroless/static\nCOPY --from=b /x /x\n", undefined],
    ["FROM golang:1.26 AS b\nFROM alpine:3\nRUN apk add --no-cache ca-certificates tzdata\n", undefined],
    ["FROM golang:1.26\nRUN apt-get update && apt-get install -y gcc\nRUN go build .\n", undefined],
    ["FROM golang:1.26 AS b\nRUN CGO_ENABLED=1 go build\nFROM alpine\n", "it compiles with cgo (CGO_ENABLED=1)"],
    ["FROM golang:1.26 AS b\nENV CGO_ENABLED 1\nFROM alpine\n", "it compiles with cgo (CGO_ENABLED=1)"],
    [
      "FROM golang AS b\nFROM debian\nRUN apt-get update \\\n && apt-get install -y --no-install-recommends ffmpeg curl libvips=8\n",
      "it installs ffmpeg, libvips=8",
    ],
    ["FROM node:24 AS ui\nFROM golang AS b\nFROM scratch\n", "it has a stage with the image node:24"],
    ['FROM golang AS b\nFROM alpine\nENTRYPOINT ["./entrypoint.sh"]\n', "it starts a script (./entrypoint.sh)"],
    ['FROM golang AS b\nFROM alpine\nCMD ["sh", "-c", "sleep 1 && /app"]\n', "it starts a script (sh -c sleep 1 && /app)"],
  ])("%j is needed because: %s", async (text, reason) => {
    expect((await read(text))?.reason).toBe(reason);
  });

  test.each([
    ['FROM scratch\nENTRYPOINT ["/app", "serve"]\nCMD ["--verbose"]\n', ["serve", "--verbose"]],
    ['FROM scratch\nCMD ["/app", "serve"]\n', ["serve"]],
    ['FROM scratch\nENTRYPOINT ["tini", "--", "/app", "serve"]\n', ["serve"]],
    ['FROM golang\nCMD ["go", "run", "."]\n', []],
    ["FROM scratch\nENTRYPOINT /app serve\n", []],
  ])("%j starts the program with the arguments %j", async (text, args) => {
    expect((await read(text))?.args).toEqual(args);
  });
});

describe("modules", () => {
  const main = "package main\n\nfunc main() {}\n";
  const foldersIn = (files: Record<string, string>) =>
    withFiles(files, async (folder) => (await findPrograms(folder)).map((program) => program.folder.slice(folder.length + 1)));

  test("below the root's are only read if the root's has no program", async () => {
    const files = { "go.mod": "module example.org/a\n", "sub/go.mod": "module example.org/b\n", "sub/main.go": main };
    expect(await foldersIn({ ...files, "lib.go": "package a\n" })).toEqual(["sub"]);
    expect(await foldersIn({ ...files, "main.go": main })).toEqual([""]);
  });

  test("of dependencies and test data are not read", async () => {
    const other = { "go.mod": "module example.org/x\n", "main.go": main };
    const below = (folder: string) => Object.fromEntries(Object.entries(other).map(([file, text]) => [`${folder}/${file}`, text]));
    const files = { ...below("node_modules/slipway"), ...below("vendor/x"), ...below("a/testdata/b"), ...below(".cache"), ...below("api") };
    expect(await foldersIn(files)).toEqual(["api"]);
  });

  test("that Go cannot read are named, with Go's message", async () => {
    await withFiles({ "go.mod": "module\n" }, async (folder) => {
      await expect(findPrograms(folder)).rejects.toThrow(
        /go\.mod: Go cannot list the packages\. Correct it, or run: go mod tidy\n[^]*go\.mod:1/,
      );
    });
  });

  test("need Go", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      await withFiles({ "go.mod": "module example.org/a\n" }, async (folder) => {
        await expect(findPrograms(folder)).rejects.toThrow(
          "Go is not on the PATH. Slipway reads the source with it, and compiles it. Install Go: https://go.dev/doc/install",
        );
      });
    } finally {
      process.env["PATH"] = path;
    }
  });
});

describe("names", () => {
  test.each([
    ["example.org/shop", "shop"],
    ["example.org/shop/v2", "shop"],
    ["gopkg.in/shop.v3", "shop"],
    ["github.com/Acme/Todo_API", "todo-api"],
    ["2048", "web"],
    ["main", "folder"],
    ["example.org/server", "server"],
  ])("of the module %s are %s", (path, name) => {
    expect(moduleName(path, "/the/folder")).toBe(name);
  });

  test("are valid, however long the text is", () => {
    expect(validName(`${"a".repeat(39)}-b`)).toBe("a".repeat(39));
  });

  test("of programs in folders with the same name are different", async () => {
    const main = `package main\n\nimport "net/http"\n\nfunc main() {\n\thttp.ListenAndServe(":8080", nil)\n}\n`;
    const names = await withFiles(
      {
        "a/go.mod": "module example.org/a\n",
        "a/cmd/api/main.go": main,
        "b/go.mod": "module example.org/b\n",
        "b/cmd/api/main.go": main,
      },
      async (folder) => unitsOf(await findPrograms(folder), folder).units.map(({ name }) => name),
    );
    expect(names).toEqual(["api", "b-api"]);
  });
});
