package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// program returns the facts of a main package, and of all packages of the modules that it imports.
func (s *source) program(main *goPackage) Program {
	e := &evaluation{source: s, scope: map[*goPackage]bool{}, known: map[types.Object][]Value{}, bound: map[types.Object][]Value{}}
	imports := map[string]bool{}
	e.reach(main, imports)
	facts := &Program{
		ImportPath: main.ImportPath, Imports: []string{}, Listens: []Listen{}, Routes: []Route{}, Env: []Env{}, Assets: []Asset{}, Servers: []string{},
	}
	for one := range imports {
		facts.Imports = append(facts.Imports, one)
	}
	slices.Sort(facts.Imports)
	// The program itself comes first: what it says is most likely what counts.
	e.collect(main, facts)
	for _, p := range s.packages {
		if e.scope[p] && p != main {
			e.collect(p, facts)
		}
	}
	return *facts
}

// reach finds the packages of the modules that a package imports, and the names of the others.
func (e *evaluation) reach(p *goPackage, others map[string]bool) {
	if e.scope[p] {
		return
	}
	e.scope[p] = true
	for _, file := range p.files {
		for _, one := range file.Imports {
			name, _ := strconv.Unquote(one.Path.Value)
			if imported, ok := e.byPath[name]; ok {
				e.reach(imported, others)
			} else {
				others[name] = true
			}
		}
	}
}

func (e *evaluation) collect(p *goPackage, facts *Program) {
	for _, file := range p.files {
		var parents []ast.Node
		ast.Inspect(file, func(node ast.Node) bool {
			if node == nil {
				parents = parents[:len(parents)-1]
				return true
			}
			switch node := node.(type) {
			case *ast.CallExpr:
				e.listen(node, file, facts)
				e.route(node, facts)
				e.env(node, parents, facts)
				e.assets(node, facts)
				e.servers(node, facts)
			case *ast.CompositeLit:
				e.server(node, facts)
			case *ast.AssignStmt:
				e.address(node, facts)
			case *ast.StructType:
				e.fields(node, facts)
			case *ast.BasicLit:
				if node.Kind == token.STRING {
					text, _ := strconv.Unquote(node.Value)
					if dataFile.MatchString(text) {
						facts.Assets = append(facts.Assets, Asset{text, e.at(node)})
					}
					if strings.HasPrefix(text, "file://") && !strings.ContainsAny(text[7:], "%$") && text[7:] != "" {
						facts.Assets = append(facts.Assets, Asset{strings.TrimPrefix(text, "file://"), e.at(node)})
					}
				}
			}
			parents = append(parents, node)
			return true
		})
	}
}

func (f *Program) listen(values []Value, isHTTP bool, at string) {
	if values == nil {
		values = []Value{}
	}
	f.Listens = append(f.Listens, Listen{values, isHTTP, at})
}

// Methods of frameworks that listen: gin, echo, fiber, iris, fasthttp.
var listeners = map[string]bool{
	"Run": true, "RunTLS": true, "Start": true, "StartTLS": true, "Listen": true, "ListenTLS": true, "ListenAndServe": true, "ListenAndServeTLS": true,
}

// An address such as :8080, 0.0.0.0:80 or :${PORT}.
var address = regexp.MustCompile(`^[\w.\-\[\]]*(\$\{\w+\})?:(\d+|\$\{\w+\})$`)

func (e *evaluation) listen(call *ast.CallExpr, file *ast.File, facts *Program) {
	importPath, name := e.callee(call)
	at := e.at(call)
	switch {
	case importPath == "net/http" && strings.HasPrefix(name, "ListenAndServe") && len(call.Args) > 0:
		facts.listen(e.values(call.Args[0]), true, at)
	case importPath == "github.com/valyala/fasthttp" && strings.HasPrefix(name, "ListenAndServe") && len(call.Args) > 0:
		facts.listen(e.values(call.Args[0]), true, at)
	case importPath == "net" && name == "Listen" && len(call.Args) == 2, importPath == "crypto/tls" && name == "Listen" && len(call.Args) == 3:
		if network, ok := e.literal(call.Args[0]); ok && strings.HasPrefix(network, "tcp") {
			facts.listen(e.values(call.Args[1]), false, at)
		}
	case importPath == "" && name == "Listen" && len(call.Args) == 3: // net.ListenConfig
		if network, ok := e.literal(call.Args[1]); ok && strings.HasPrefix(network, "tcp") {
			facts.listen(e.values(call.Args[2]), false, at)
		}
	case importPath == "" && listeners[name] && strings.HasSuffix(name, "TLS") && len(call.Args) < 3:
		// The certificate and the key of a server that has its address already.
	case importPath == "" && listeners[name] && e.function(call) == nil:
		if len(call.Args) == 0 {
			// gin's default.
			if name == "Run" && imports(file, "github.com/gin-gonic/gin") && !isTesting(call) {
				facts.listen([]Value{{Text: ":${PORT}", Env: "PORT"}, {Text: ":8080"}}, true, at)
			}
			return
		}
		var values []Value
		for _, value := range e.values(call.Args[0]) {
			if address.MatchString(value.Text) || value.Text == "${"+value.Env+"}" && value.Env != "" {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			facts.listen(values, true, at)
		}
	}
}

func isTesting(call *ast.CallExpr) bool {
	ident, ok := receiver(call).(*ast.Ident)
	return ok && (ident.Name == "t" || ident.Name == "cmd")
}

func imports(file *ast.File, name string) bool {
	return slices.ContainsFunc(file.Imports, func(one *ast.ImportSpec) bool {
		text, _ := strconv.Unquote(one.Path.Value)
		return text == name
	})
}

// server finds http.Server{Addr: …}.
func (e *evaluation) server(literal *ast.CompositeLit, facts *Program) {
	selector, ok := literal.Type.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "Server" || e.packageOf(selector) != "net/http" {
		return
	}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Addr" {
				facts.listen(e.values(pair.Value), true, e.at(pair))
			}
		}
	}
}

// address finds server.Addr = …, of a type outside the modules.
func (e *evaluation) address(assign *ast.AssignStmt, facts *Program) {
	for i, target := range assign.Lhs {
		selector, ok := target.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Addr" || e.object(selector) != nil || len(assign.Rhs) != len(assign.Lhs) {
			continue
		}
		var values []Value
		for _, value := range e.values(assign.Rhs[i]) {
			if address.MatchString(value.Text) {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			facts.listen(values, true, e.at(assign))
		}
	}
}

// Methods that register a handler, with the number of arguments that they need, so that a client's Get("/x") is none.
var registrations = map[string]int{
	"Handle": 2, "HandleFunc": 2, "HandlerFunc": 2, "Handler": 3, "Get": 2, "GET": 2, "Any": 2, "All": 2, "Add": 3, "Method": 3, "MethodFunc": 3,
	"Path": 1, "Heartbeat": 1, "Static": 2, "StaticFile": 2, "StaticFS": 2, "File": 2,
}

var methods = regexp.MustCompile(`^(GET |HEAD )?(/.*)$`)

func (e *evaluation) route(call *ast.CallExpr, facts *Program) {
	importPath, name := e.callee(call)
	needed, ok := registrations[name]
	if !ok || len(call.Args) < needed || (importPath != "" && importPath != "net/http" && name != "Heartbeat") || importPath == "net/http" && name == "Get" {
		// fiber's middleware for health checks.
		if name == "New" && strings.HasSuffix(importPath, "fiber/v2/middleware/healthcheck") {
			facts.Routes = append(facts.Routes, Route{"/livez", e.at(call)}, Route{"/readyz", e.at(call)})
		}
		return
	}
	for _, argument := range call.Args[:min(2, len(call.Args))] {
		isPath := false
		for _, value := range e.values(argument) {
			match := methods.FindStringSubmatch(value.Text)
			if match == nil || value.Env != "" {
				continue
			}
			isPath = true
			facts.Routes = append(facts.Routes, Route{path.Join("/", e.prefix(receiver(call), 0), strings.TrimSuffix(match[2], "{$}")), e.at(call)})
		}
		if isPath {
			return
		}
	}
}

// prefix returns the path that a router was mounted at.
func (e *evaluation) prefix(router ast.Expr, depth int) string {
	if router == nil || depth > maxDepth {
		return ""
	}
	if call, ok := router.(*ast.CallExpr); ok {
		own := ""
		if routerMethods[calledName(call)] && len(call.Args) > 0 {
			own, _ = e.literal(call.Args[0])
		}
		return path.Join(e.prefix(receiver(call), depth+1), own)
	}
	object := e.object(router)
	if object == nil {
		return ""
	}
	if in, ok := e.groups[object]; ok {
		own, _ := e.literal(in.prefix)
		return path.Join(e.prefix(in.router, depth+1), own)
	}
	for _, from := range e.assigned[object] {
		if e.scope[from.in] {
			if _, isCall := from.expr.(*ast.CallExpr); isCall || e.object(from.expr) != object {
				return e.prefix(from.expr, depth+1)
			}
		}
	}
	return ""
}

func (e *evaluation) env(call *ast.CallExpr, parents []ast.Node, facts *Program) {
	expr := e.envName(call)
	if expr == nil {
		return
	}
	name, ok := e.literal(expr)
	if !ok || name == "" {
		return
	}
	env := Env{Name: name, At: e.at(call), IsOptional: e.isOptional(call, parents)}
	if reader, ok := e.envReaders[e.function(call)]; ok && reader.fallback >= 0 && reader.fallback < len(call.Args) {
		env.IsOptional = true
		if fallback, ok := e.literal(call.Args[reader.fallback]); ok {
			env.Default = &fallback
			env.IsOptional = fallback != ""
		}
	}
	facts.Env = append(facts.Env, env)
}

// isOptional is whether the value is compared, or whether the variable that gets it has other values too.
func (e *evaluation) isOptional(call *ast.CallExpr, parents []ast.Node) bool {
	for i := len(parents) - 1; i >= 0; i-- {
		switch parent := parents[i].(type) {
		case *ast.BinaryExpr:
			if parent.Op != token.ADD {
				return true
			}
		case *ast.CallExpr:
			importPath, name := e.callee(parent)
			if importPath == "cmp" && name == "Or" {
				return true
			}
		case *ast.AssignStmt:
			if i > 0 {
				if condition, ok := parents[i-1].(*ast.IfStmt); ok && condition.Init == parent {
					return true
				}
			}
			object := e.object(parent.Lhs[0])
			return len(parent.Rhs) == 1 && object != nil && isVariable(object) && len(e.assigned[object]) > 1
		case *ast.BlockStmt, *ast.FuncDecl:
			return false
		}
	}
	return false
}

// isVariable is whether an object is a variable, not a field, which every instance of its struct has.
func isVariable(object types.Object) bool {
	variable, ok := object.(*types.Var)
	return ok && !variable.IsField()
}

func (e *evaluation) fields(literal *ast.StructType, facts *Program) {
	for _, field := range literal.Fields.List {
		if field.Tag == nil {
			continue
		}
		text, _ := strconv.Unquote(field.Tag.Value)
		env, ok := parseTag(text)
		if !ok {
			continue
		}
		env.At = e.at(field)
		env.IsOptional = env.Default != nil
		facts.Env = append(facts.Env, env)
	}
}

// A text that may be the path of a file, whichever function reads it: conf/app.ini.
var dataFile = regexp.MustCompile(`^(\./)?[\w\-.]+(/[\w\-.]+)*\.(json|ya?ml|toml|ini|conf|cfg|properties|xml|csv|html|tmpl|gohtml|sql|pem|crt)$`)

// Functions that read from the working directory, with the first argument that is a path; -1 for all arguments.
var readers = map[string]int{
	"os.ReadFile": 0, "os.Open": 0, "os.ReadDir": 0, "os.DirFS": 0, "io/ioutil.ReadFile": 0, "net/http.Dir": 0, "net/http.ServeFile": 2,
	"github.com/spf13/viper.AddConfigPath": 0, "github.com/spf13/viper.SetConfigFile": 0,
	"html/template.ParseFiles": -1, "html/template.ParseGlob": 0, "text/template.ParseFiles": -1, "text/template.ParseGlob": 0,
	".ParseFiles": -1, ".ParseGlob": 0, ".LoadHTMLGlob": 0, ".LoadHTMLFiles": -1, ".Static": 1, ".StaticFile": 1, ".File": 1, ".SendFile": 0,
	".AddConfigPath": 0, ".SetConfigFile": 0, "fmt.Sprintf": 0,
}

func (e *evaluation) assets(call *ast.CallExpr, facts *Program) {
	importPath, name := e.callee(call)
	first, ok := readers[importPath+"."+name]
	if !ok || e.function(call) != nil {
		return
	}
	arguments := call.Args
	if name == "Sprintf" { // the source of migrations: file://migrations
		if format, ok := e.literal(call.Args[0]); !ok || !strings.HasPrefix(format, "file://") {
			return
		}
		arguments, first = []ast.Expr{call}, -1
	}
	switch {
	case first >= len(arguments):
		return
	case first >= 0:
		arguments = arguments[first : first+1]
	}
	for _, argument := range arguments {
		for _, value := range e.values(argument) {
			text := strings.TrimPrefix(value.Text, "file://")
			if value.Env == "" && text != "" && !strings.HasPrefix(text, "/") && !strings.Contains(text, "://") {
				facts.Assets = append(facts.Assets, Asset{text, e.at(call)})
			}
		}
	}
}

func (e *evaluation) servers(call *ast.CallExpr, facts *Program) {
	importPath, name := e.callee(call)
	add := func(kind string) {
		if !slices.Contains(facts.Servers, kind) {
			facts.Servers = append(facts.Servers, kind)
		}
	}
	switch {
	case importPath == "google.golang.org/grpc" && name == "NewServer":
		add("grpc")
	case importPath == "net/http" && (name == "Serve" || name == "ListenAndServe" || name == "NewServeMux"):
		add("http")
		if name != "NewServeMux" {
			add("plain")
		}
	case strings.HasSuffix(name, "TLS") && listeners[name], importPath == "crypto/tls" && name == "Listen":
		add("tls")
	case importPath != "net" && listeners[name]:
		add("plain")
	case importPath == "os/signal" && (name == "Notify" || name == "NotifyContext"):
		facts.HandlesSignals = true
	}
}
