package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// packaged is the folder of the images and manifests that the node image contains.
const packaged = "/usr/share/kubernetes-node"

// importImages imports the packaged images and those in extra, k3s's folder for user-provided images.
func importImages(ctx context.Context, extra string) error {
	archives, err := filepath.Glob(packaged + "/images/*.tar")
	if err != nil {
		return err
	}
	more, err := filepath.Glob(extra + "/*.tar")
	if err != nil {
		return err
	}
	ctr := func(args ...string) ([]byte, error) {
		return exec.CommandContext(ctx, "ctr", append([]string{"--namespace", "k8s.io"}, args...)...).CombinedOutput()
	}
	err = wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(context.Context) (bool, error) {
		_, err := ctr("version")
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	for _, archive := range append(archives, more...) {
		if out, err := ctr("images", "import", archive); err != nil {
			return fmt.Errorf("%s: %v: %s", archive, err, out)
		}
	}
	return nil
}

// applyManifests applies the packaged manifests that are not disabled, and those in k3s's folder for user-provided manifests.
func (o *options) applyManifests(ctx context.Context) error {
	files, err := filepath.Glob(packaged + "/manifests/*.yaml")
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f string) bool {
		return slices.Contains(o.disable, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	})
	more, err := filepath.Glob(filepath.Join(o.dataDir, "server/manifests/*.yaml"))
	if err != nil {
		return err
	}
	return kubectlApply(ctx, append(files, more...))
}

// applyKinds applies the CRDs of Traefik and the Gateway API, and then the manifests that use them. They are large, so the
// node becomes ready without them.
func (o *options) applyKinds(ctx context.Context) error {
	if slices.Contains(o.disable, "traefik") {
		return nil
	}
	kinds, err := filepath.Glob(packaged + "/manifests/kinds/*.yaml")
	if err != nil {
		return err
	}
	later, err := filepath.Glob(packaged + "/manifests/later/*.yaml")
	if err != nil {
		return err
	}
	if err := kubectlApply(ctx, kinds); err != nil {
		return err
	}
	if err := runKubectl(ctx, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"); err != nil {
		return err
	}
	return kubectlApply(ctx, later)
}

func kubectlApply(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return nil
	}
	args := []string{"apply", "--server-side", "--force-conflicts", "--field-manager=kubernetes-node"}
	for _, f := range files {
		args = append(args, "--filename", f)
	}
	return runKubectl(ctx, args...)
}

func runKubectl(ctx context.Context, args ...string) error {
	c := exec.CommandContext(ctx, "kubectl", append([]string{"--kubeconfig", adminKubeconfig}, args...)...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c.Run()
}

// waitForNode waits until the Node exists and meets a condition.
func waitForNode(ctx context.Context, client kubernetes.Interface, name string, condition func(*corev1.Node) bool) error {
	return wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		return err == nil && condition(node), nil
	})
}

func isReady(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// announceLoadBalancers sets the node's address in the status of every Service of type LoadBalancer, like k3s's ServiceLB.
// kube-proxy then handles traffic to that address, so no other process has to listen.
func announceLoadBalancers(ctx context.Context, client kubernetes.Interface, nodeIP string) error {
	announce := func(object any) {
		service, ok := object.(*corev1.Service)
		if !ok || service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil {
			return
		}
		if len(service.Status.LoadBalancer.Ingress) == 1 && service.Status.LoadBalancer.Ingress[0].IP == nodeIP {
			return
		}
		update := service.DeepCopy()
		update.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: nodeIP}}
		if _, err := client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, update, metav1.UpdateOptions{}); err != nil {
			fmt.Fprintf(os.Stderr, "node: cannot set the address of Service %s/%s: %v\n", service.Namespace, service.Name, err)
		}
	}
	// Failed updates are retried with each resync.
	factory := informers.NewSharedInformerFactory(client, 10*time.Second)
	informer := factory.Core().V1().Services().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    announce,
		UpdateFunc: func(_, service any) { announce(service) },
	}); err != nil {
		return err
	}
	informer.Run(ctx.Done())
	return nil
}
