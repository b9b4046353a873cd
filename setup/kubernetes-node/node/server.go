package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// options are the supported flags and variables of `k3s server` (https://docs.k3s.io/cli/server). Any other flag is an
// error.
type options struct {
	dataDir, nodeName, kubeconfig, kubeconfigMode, clusterCIDR, serviceCIDR, token string
	port                                                                           int
	tlsSANs, disable                                                               []string
	nodeIP                                                                         string
}

func newNodeCommand() *cobra.Command {
	root := &cobra.Command{Use: "node", Short: "A single-node Kubernetes with the interface of the k3s image", SilenceUsage: true}
	o := &options{}
	server := &cobra.Command{Use: "server", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		return o.run(ctx)
	}}
	hostname, _ := os.Hostname()
	f := server.Flags()
	f.StringVar(&o.dataDir, "data-dir", "/var/lib/rancher/k3s", "folder of the data that outlives the container")
	f.StringVar(&o.nodeName, "node-name", env("K3S_NODE_NAME", hostname), "name of the Node")
	f.StringVarP(&o.kubeconfig, "write-kubeconfig", "o", env("K3S_KUBECONFIG_OUTPUT", "/etc/rancher/k3s/k3s.yaml"), "file to write the administrator's kubeconfig to")
	f.StringVar(&o.kubeconfigMode, "write-kubeconfig-mode", env("K3S_KUBECONFIG_MODE", "600"), "mode of the kubeconfig file, octal")
	f.StringVar(&o.clusterCIDR, "cluster-cidr", "10.42.0.0/16", "address range of pods")
	f.StringVar(&o.serviceCIDR, "service-cidr", "10.43.0.0/16", "address range of Services; CoreDNS has the tenth address")
	f.StringVar(&o.token, "token", env("K3S_TOKEN", ""), "ignored; accepted for compatibility with k3s")
	f.IntVar(&o.port, "https-listen-port", 6443, "port of the API server")
	f.StringArrayVar(&o.tlsSANs, "tls-san", nil, "additional host names and addresses in the API server's certificate")
	f.StringSliceVar(&o.disable, "disable", nil, "packaged components to disable: coredns, traefik, local-storage, metrics-server")
	root.AddCommand(server)
	return root
}

func env(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

// run starts all components and returns when one of them exits or ctx is done.
func (o *options) run(ctx context.Context) error {
	began := time.Now()
	log := func(event string) { fmt.Fprintf(os.Stderr, "node: %6.2f s  %s\n", time.Since(began).Seconds(), event) }

	ip, err := prepareHost()
	if err != nil {
		return err
	}
	o.nodeIP = ip
	parts, err := o.controlPlane()
	if err != nil {
		return fmt.Errorf("cannot create certificates and kubeconfigs: %w", err)
	}
	if err := o.writeConfigs(); err != nil {
		return err
	}
	log("certificates and configuration written")

	group, ctx := errgroup.WithContext(ctx)
	start := func(command ...string) { group.Go(func() error { return runPart(ctx, command) }) }
	start("containerd", "--config", containerdConfig)
	start(parts["etcd"]...)
	start(parts["kube-apiserver"]...)
	start("coredns", "-conf", nodeCorefile, "-quiet")

	imported := make(chan error, 1)
	go func() {
		err := importImages(ctx, filepath.Join(o.dataDir, "agent/images"))
		log("packaged images imported")
		imported <- err
	}()

	group.Go(func() error {
		client, err := newClient()
		if err != nil {
			return err
		}
		// The kubelet only needs permissions that exist from the start. The other components fail or wait long if they
		// start before the API server has created the default roles.
		if err := waitForAPI(ctx, client, "/readyz/ping"); err != nil {
			return err
		}
		log("API server answers")
		start(o.kubeletCommand()...)
		if err := waitForAPI(ctx, client, "/readyz"); err != nil {
			return err
		}
		log("API server ready")
		start(parts["kube-controller-manager"]...)
		start(parts["kube-scheduler"]...)
		start(o.proxyCommand()...)
		if err := o.publishKubeconfig(); err != nil {
			return err
		}
		group.Go(func() error { return announceLoadBalancers(ctx, client, o.nodeIP) })
		group.Go(func() error { return o.enforceNetworkPolicies(ctx, client) })
		if err := <-imported; err != nil {
			return fmt.Errorf("cannot import the packaged images: %w", err)
		}
		if err := o.applyManifests(ctx); err != nil {
			return fmt.Errorf("cannot apply the packaged manifests: %w", err)
		}
		log("packaged manifests applied")
		group.Go(func() error {
			if err := o.applyKinds(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("cannot apply the packaged CRDs: %w", err)
			}
			log("CRDs of Traefik and the Gateway API applied")
			return nil
		})
		if err := waitForNode(ctx, client, o.nodeName, isReady); err != nil {
			return err
		}
		log("node ready")
		return nil
	})
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// runPart runs a program until ctx is done, and then stops it with SIGTERM and after 5 s with SIGKILL. It is an error if
// the program exits before.
func runPart(ctx context.Context, command []string) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	err := c.Run()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s exited: %v", command[0], err)
}

func newClient() (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", adminKubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func waitForAPI(ctx context.Context, client *kubernetes.Clientset, check string) error {
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := client.RESTClient().Get().AbsPath(check).DoRaw(ctx)
		return err == nil, nil
	})
}
